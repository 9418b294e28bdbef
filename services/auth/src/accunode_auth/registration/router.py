"""Registration."""

from fastapi import status

from accunode_auth.discretion import discreetly
from accunode_auth.public_routes import PublicRoute
from accunode_auth.registration import service
from accunode_auth.registration.schemas import Accepted, RegisterIn, VerifyEmailIn
from accunode_auth.resources import AppResources, DeferredMails
from accunode_common.http.app import api_router
from accunode_common.http.openapi import problem_responses
from accunode_common.http.trail import RequestOrigin

router = api_router("/auth", tag="registration")


@router.post("/register", status_code=status.HTTP_202_ACCEPTED, summary="Register", dependencies=[PublicRoute])
async def register(app: AppResources, origin: RequestOrigin, mails: DeferredMails, body: RegisterIn) -> Accepted:
    """Makes an account with the role `user`, and mails a token. The reply is the same for a known address."""
    async with discreetly(app.settings.anonymous.reply_time):
        await service.register(app, mails, body, origin)
    return Accepted(detail="A mail is on its way to the address.")


@router.post(
    "/verify-email",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Confirm an address",
    dependencies=[PublicRoute],
    responses=problem_responses(403, 410),
)
async def verify_email(app: AppResources, origin: RequestOrigin, body: VerifyEmailIn) -> None:
    """Takes the token of a verification mail, from whoever also knows the password that was registered.

    So nobody confirms, for somebody else, an account that somebody else made.
    """
    await service.verify_email(app, body.token, body.password, origin)
