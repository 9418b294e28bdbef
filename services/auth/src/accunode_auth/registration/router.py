"""Registration."""

from fastapi import BackgroundTasks, status

from accunode_auth.parts import AppResources, AuthParts, RequestOrigin
from accunode_auth.public import PublicRoute
from accunode_auth.registration import service
from accunode_auth.registration.schemas import Accepted, RegisterIn, VerifyEmailIn
from accunode_common.http.app import api_router
from accunode_common.http.openapi import problem_responses

router = api_router("/auth", tag="registration")


@router.post("/register", status_code=status.HTTP_202_ACCEPTED, summary="Register", dependencies=[PublicRoute])
async def register(
    parts: AuthParts, app: AppResources, origin: RequestOrigin, tasks: BackgroundTasks, body: RegisterIn
) -> Accepted:
    """Makes an account with the role `user`, and mails a token. The reply is the same for a known address."""
    async with parts.discreetly():
        mail = await service.register(app, parts, body, origin)
    if mail is not None:
        tasks.add_task(parts.mailer.send, mail)
    return Accepted(detail="A mail is on its way to the address.")


@router.post(
    "/verify-email",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Confirm an address",
    dependencies=[PublicRoute],
    responses=problem_responses(403, 410),
)
async def verify_email(parts: AuthParts, app: AppResources, origin: RequestOrigin, body: VerifyEmailIn) -> None:
    """Takes the token of a verification mail, from whoever also knows the password that was registered.

    So nobody confirms, for somebody else, an account that somebody else made.
    """
    await service.verify_email(app, parts, body.token, body.password, origin)
