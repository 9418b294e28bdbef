"""What a browser holds while its person is at the provider, and where it goes."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from accunode_auth.resources import Resources
from accunode_auth.single_sign_on.pending import PENDING_SECONDS, TICKET_SECONDS
from accunode_auth.single_sign_on.schemas import Finished, Started
from accunode_auth.single_sign_on.service import Departure, Outcome

COOKIE = "accunode_sso"
_PATH = "/api/v1/auth/sso"


def started(departure: Departure) -> Started:
    """For clients that open the browser themselves."""
    return Started(authorization_url=departure.url, state_token=departure.binding, expires_in=PENDING_SECONDS)


def depart(app: Resources, departure: Departure) -> Response:
    """To the provider. Lax lets the cookie come along when the provider sends the browser back."""
    reply = RedirectResponse(departure.url, status_code=302)
    reply.set_cookie(
        COOKIE,
        departure.binding,
        max_age=PENDING_SECONDS + TICKET_SECONDS,
        path=_PATH,
        secure=app.settings.public.url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return reply


def binding(request: Request) -> str | None:
    """What the browser got when it began."""
    return request.cookies.get(COOKIE)


def arrive(outcome: Outcome) -> Finished | Response:
    """Back to the client's page, or the code as JSON."""
    if outcome.redirect is not None:
        return RedirectResponse(outcome.redirect, status_code=302)
    return Finished(code=outcome.code or "", expires_in=TICKET_SECONDS)
