"""Passwords."""

from typing import Annotated

from fastapi import Depends, status

from accunode_auth.discretion import discreetly
from accunode_auth.notices.service import PersonNotices
from accunode_auth.passwords import service
from accunode_auth.passwords.schemas import ForgottenPassword, PasswordChange, PasswordReset, PasswordSet
from accunode_auth.person_trail import OwnTrail
from accunode_auth.public_routes import PublicRoute
from accunode_auth.registration.schemas import Accepted
from accunode_auth.resources import AppResources, DeferredMails
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.app import api_router
from accunode_common.http.callers import requires
from accunode_common.http.openapi import problem_responses
from accunode_common.http.session import SecretSession
from accunode_common.http.trail import RequestOrigin

router = api_router("/auth", tag="passwords")


@router.post("/change-password", status_code=status.HTTP_204_NO_CONTENT, summary="Change the password")
async def change_password(
    subject: Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))],
    app: AppResources,
    session: SecretSession,
    trail: OwnTrail,
    notices: PersonNotices,
    body: PasswordChange,
) -> None:
    """Replaces the caller's password, and ends their other sessions."""
    await service.change(session, app, subject, trail, notices, current=body.current_password, new=body.new_password)


@router.post(
    "/forgot-password", status_code=status.HTTP_202_ACCEPTED, summary="Ask for a reset", dependencies=[PublicRoute]
)
async def request_password_reset(
    app: AppResources, origin: RequestOrigin, mails: DeferredMails, body: ForgottenPassword
) -> Accepted:
    """Mails a token that is good once, for an hour; one mail an hour. The reply is the same for an unknown address."""
    async with discreetly(app.settings.anonymous.reply_time):
        await service.request_reset(app, mails, body.email, origin)
    return Accepted(detail="If the address has an account, a mail is on its way to it.")


@router.post(
    "/reset-password",
    summary="Set a new password",
    dependencies=[PublicRoute],
    responses=problem_responses(410),
)
async def reset_password(
    app: AppResources, origin: RequestOrigin, notices: PersonNotices, body: PasswordReset
) -> PasswordSet:
    """Takes the token of a mail, and ends every session. Sign in with the device token: no delay holds it up."""
    return PasswordSet(device_token=await service.reset(app, notices, body.token, body.new_password, origin))
