"""Changing the address that signs a person in."""

from typing import Annotated

from fastapi import Depends, status

from accunode_auth.addresses import service
from accunode_auth.addresses.schemas import AddressChange, AddressConfirmation
from accunode_auth.discretion import discreetly
from accunode_auth.notices.service import PersonNotices
from accunode_auth.person_trail import OwnTrail
from accunode_auth.public_routes import PublicRoute
from accunode_auth.registration.schemas import Accepted
from accunode_auth.resources import AppResources, DeferredMails
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.app import api_router
from accunode_common.http.callers import StepUp, requires
from accunode_common.http.openapi import problem_responses
from accunode_common.http.session import SecretSession
from accunode_common.http.trail import RequestOrigin

router = api_router("/auth/change-email", tag="registration")


@router.post("", status_code=status.HTTP_202_ACCEPTED, summary="Ask to change the address")
async def request_email_change(
    subject: Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))],
    _proof: StepUp,
    app: AppResources,
    session: SecretSession,
    trail: OwnTrail,
    mails: DeferredMails,
    body: AddressChange,
) -> Accepted:
    """Mails a token to the new address, good once for an hour. The reply is the same for one that has an account."""
    async with discreetly(app.settings.anonymous.reply_time):
        await service.request(session, app, subject, trail, mails, body.email)
    return Accepted(detail="If the address can be yours, a mail is on its way to it.")


@router.post(
    "/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Confirm the new address",
    dependencies=[PublicRoute],
    responses=problem_responses(403, 410),
)
async def confirm_email_change(
    app: AppResources, origin: RequestOrigin, notices: PersonNotices, body: AddressConfirmation
) -> None:
    """Takes the token of the mail. From now on the new address signs the person in, and the old one is told."""
    await service.confirm(app, notices, origin, body.token, body.password)
