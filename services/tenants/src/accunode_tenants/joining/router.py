"""Join tokens and joining over HTTP."""

from accunode_common.http.app import api_router
from accunode_common.http.session import SecretSession, SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.models.identity import RoleName
from accunode_common.ratelimit import RateLimit
from accunode_tenants.joining import service
from accunode_tenants.joining.permissions import Joiner, JoinTokenManager
from accunode_tenants.joining.schemas import JoinedOut, JoinIn, JoinTokenOut
from accunode_tenants.path_parameters import OrganizationPath
from accunode_tenants.resources import AppResources

router = api_router("/organizations", tag="joining")


@router.post("/join", status_code=201, summary="Join an organization")
async def join_organization(
    subject: Joiner, app: AppResources, session: SubjectSession, trail: AuditTrail, body: JoinIn
) -> JoinedOut:
    """Joins the organization of a join token, if the caller's verified address is on its whitelist.

    A wrong token, a disabled one and an address that is not listed get the same reply.
    """
    limit = RateLimit("join", app.settings.join.attempts, 60)
    (await app.limiter.take(limit, caller=str(subject.user_id))).enforce()
    membership, scope = await service.join(session, subject, trail, body.token)
    return JoinedOut(
        membership_id=membership.id,
        tenant_id=scope.tenant_id,
        organization_id=scope.organization_id,
        organization_name=scope.organization_name,
        role=RoleName(membership.role),
    )


@router.post("/{organization_id}/join-token", status_code=201, summary="Make a new join token")
async def renew_join_token(
    organization_id: OrganizationPath, subject: JoinTokenManager, session: SecretSession, trail: AuditTrail
) -> JoinTokenOut:
    """The token is shown this once; the one before stops at once."""
    organization, token = await service.renew_token(session, subject, trail, organization_id)
    return JoinTokenOut(join_token=token, created_at=organization.join_token_created_at)


@router.delete("/{organization_id}/join-token", status_code=204, summary="Disable the join token")
async def disable_join_token(
    organization_id: OrganizationPath, subject: JoinTokenManager, session: SubjectSession, trail: AuditTrail
) -> None:
    """Nobody can join until a new token is made."""
    await service.disable_token(session, subject, trail, organization_id)
