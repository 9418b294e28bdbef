"""Authenticators."""

from typing import Annotated

from fastapi import Depends, status

from accunode_auth.mfa import service
from accunode_auth.mfa.schemas import Confirmation, Enrolment
from accunode_auth.notices.service import PersonNotices
from accunode_auth.person_trail import OwnTrail
from accunode_auth.resources import AppResources
from accunode_auth.second_factors.schemas import RecoveryCodes
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.app import api_router
from accunode_common.http.callers import StepUp, requires
from accunode_common.http.openapi import problem_responses
from accunode_common.http.session import SecretSession

router = api_router("/auth/mfa/totp", tag="mfa")

Owner = Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))]


@router.post("", status_code=status.HTTP_201_CREATED, summary="Enrol an authenticator")
async def enrol_authenticator(
    subject: Owner, _proof: StepUp, app: AppResources, session: SecretSession, trail: OwnTrail
) -> Enrolment:
    """A secret for the caller's authenticator, which counts once it is confirmed."""
    secret, uri = await service.enrol_in_session(session, app, subject, trail)
    return Enrolment(secret=secret, uri=uri)


@router.post("/confirm", summary="Confirm an authenticator", responses=problem_responses(404))
async def confirm_authenticator(
    subject: Owner,
    app: AppResources,
    session: SecretSession,
    trail: OwnTrail,
    notices: PersonNotices,
    body: Confirmation,
) -> RecoveryCodes:
    """Takes a code of the new authenticator; from now on, signing in needs one. Gives recovery codes."""
    codes = await service.confirm_in_session(session, app, subject, trail, notices, body.code)
    return RecoveryCodes(recovery_codes=codes)


@router.delete(
    "", status_code=status.HTTP_204_NO_CONTENT, summary="Remove the authenticator", responses=problem_responses(404)
)
async def remove_authenticator(
    subject: Owner,
    _proof: StepUp,
    app: AppResources,
    session: SecretSession,
    trail: OwnTrail,
    notices: PersonNotices,
) -> None:
    """Removes the caller's authenticator; the last second factor stays where one is required."""
    await service.remove(session, app, subject, trail, notices)
