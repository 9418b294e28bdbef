"""Join tokens, and joining with one.

A token names its tenant and organization, so that the organization is found under row-level security. Only a hash is
kept. A person joins whose verified address is on the whitelist; every refusal but those about the caller's own state
looks the same.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common import audit
from accunode_common.auth.credentials import Credential
from accunode_common.auth.roles import Role
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, Reach, acting_as
from accunode_common.errors import ForbiddenError
from accunode_common.http.trail import Trail
from accunode_common.models.identity import Membership
from accunode_common.models.tenancy import Organization
from accunode_identity import invitations, memberships, role_scopes
from accunode_identity.role_scopes import OpenScope, RoleScope
from accunode_tenants.organizations import service as organizations
from accunode_tenants.whitelist import service as whitelist

PREFIX = "anjoin"
_NOBODYS_HASH = bytes(32)


class JoinRefusedError(ForbiddenError):
    """The token is not valid, or it is not for this person."""

    code = "join_refused"
    title = "The organization cannot be joined"


async def renew_token(
    session: AsyncSession, subject: Subject, trail: Trail, organization_id: UUID
) -> tuple[Organization, str]:
    """A new join token; the one before stops at once.

    Raises:
        NotFoundError: There is no organization that the caller may change.
    """
    organization = await organizations.get(session, subject, organization_id)
    token = Credential.new(PREFIX, organization.tenant_id, organization.id)
    organization = await organizations.set_join_token(session, subject, organization_id, token.hash)
    await _record(session, trail, "join_token.renew", organization)
    return organization, token.text


async def disable_token(session: AsyncSession, subject: Subject, trail: Trail, organization_id: UUID) -> None:
    """End the join token.

    Raises:
        NotFoundError: There is no organization that the caller may change.
    """
    organization = await organizations.set_join_token(session, subject, organization_id, None)
    await _record(session, trail, "join_token.disable", organization)


async def _record(session: AsyncSession, trail: Trail, action: str, organization: Organization) -> None:
    await trail.record(session, action, "organization", organization.id, tenant_id=organization.tenant_id)


async def join(session: AsyncSession, subject: Subject, trail: Trail, text: str) -> tuple[Membership, OpenScope]:
    """Make the caller a member of the token's organization.

    Raises:
        EmailNotVerifiedError: The caller's address is not verified.
        JoinRefusedError: The token is not valid, or the caller's address is not on the whitelist.
        ForbiddenError: The caller is a platform administrator.
        AlreadyExistsError: The caller is a member.
        NoSeatsError: All seats are taken.
    """
    person = await invitations.verified(session, subject.user_id)
    token = Credential.parse(PREFIX, text, ids=2)
    if token is None:
        raise _refused()
    tenant_id, organization_id = token.ids
    invited = AccessContext(
        tenant_id=tenant_id,
        user_id=subject.user_id,
        organization_id=organization_id,
        read_reach=Reach.ORGANIZATION,
    )
    async with acting_as(session, invited):
        # Held first: who is removed, and which organization is closed, at the same moment is out.
        scope = await role_scopes.hold(session, RoleScope(tenant_id, organization_id))
        kept = await organizations.join_token_hash(session, tenant_id, organization_id)
        listed = await whitelist.has(session, tenant_id, organization_id, person.email_key)
        genuine = token.matches(kept or _NOBODYS_HASH)
        if scope is None or not (listed and genuine):
            raise _refused()
        membership = await memberships.begin(session, subject.user_id, scope, Role.ORG_MEMBER)
        await audit.record(
            session,
            # Not what the caller is elsewhere, which the request was made with.
            trail.origin.entry(
                "organization.join",
                "organization",
                organization_id,
                tenant_id=tenant_id,
                actor_id=subject.user_id,
                actor_role=membership.role,
                organization_id=organization_id,
                details={"role": membership.role},
            ),
        )
    return membership, scope


def _refused() -> JoinRefusedError:
    return JoinRefusedError("The token is not valid, or your address is not on the organization's list.")
