"""Second factors at a glance, and recovery codes."""

from typing import Annotated

from fastapi import Depends

from accunode_auth.notices.service import PersonNotices
from accunode_auth.person_trail import OwnTrail
from accunode_auth.resources import AppResources
from accunode_auth.second_factors import service
from accunode_auth.second_factors.schemas import RecoveryCodes, SecondFactors
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.app import api_router
from accunode_common.http.callers import StepUp, requires
from accunode_common.http.openapi import problem_responses
from accunode_common.http.session import SecretSession, SubjectSession

router = api_router("/auth/mfa", tag="mfa")

Owner = Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))]


@router.get("", summary="The caller's second factors")
async def read_second_factors(subject: Owner, app: AppResources, session: SubjectSession) -> SecondFactors:
    """What the caller has enrolled, how many recovery codes are left, and whether one is required."""
    held, due = await service.overview(session, app, subject)
    return SecondFactors(
        authenticator=held.authenticator,
        passkeys=held.passkeys,
        recovery_codes_left=held.recovery_codes,
        required=due is not None,
        grace_ends_at=due,
    )


@router.post("/recovery-codes", summary="Make new recovery codes", responses=problem_responses(404))
async def renew_recovery_codes(
    subject: Owner, _proof: StepUp, session: SecretSession, trail: OwnTrail, notices: PersonNotices
) -> RecoveryCodes:
    """Ten new codes; those made before are void."""
    return RecoveryCodes(recovery_codes=await service.renew_codes(session, subject, trail, notices))
