"""Join tokens, and joining with one.

A token names its tenant and organization, so that the organization is found under row-level security. Only a hash is
kept. A person joins whose verified address is on the whitelist; every refusal but those about the caller's own state
looks the same.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.credentials import Credential
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, Reach, set_context
from accunode_common.errors import ForbiddenError, UnauthenticatedError
from accunode_common.http.trail import Trail
from accunode_common.models.identity import Membership, RoleName, UserStatus
from accunode_common.models.tenancy import Organization
from accunode_tenants.members import service as members
from accunode_tenants.organizations import service as organizations
from accunode_tenants.people import service as people
from accunode_tenants.tenants import service as tenants
from accunode_tenants.whitelist import service as whitelist

PREFIX = "anjoin"
_NOBODYS_HASH = bytes(32)


class JoinRefusedError(ForbiddenError):
    """The token is not valid, or it is not for this person."""

    code = "join_refused"
    title = "The organization cannot be joined"


class EmailNotVerifiedError(ForbiddenError):
    """The caller has not shown that their address is theirs."""

    code = "email_not_verified"
    title = "Verify your e-mail address first"


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


async def join(session: AsyncSession, subject: Subject, trail: Trail, text: str) -> tuple[Membership, Organization]:
    """Make the caller a member of the token's organization.

    Raises:
        EmailNotVerifiedError: The caller's address is not verified.
        JoinRefusedError: The token is not valid, or the caller's address is not on the whitelist.
        AlreadyExistsError: The caller is a member.
        NoSeatsError: All seats are taken.
    """
    person = (await people.find_all(session, [subject.user_id])).get(subject.user_id)
    if person is None or person.status != UserStatus.ACTIVE:
        raise UnauthenticatedError("The account is gone.")
    if person.email_verified_at is None:
        raise EmailNotVerifiedError("Confirm the token that was mailed to you with POST /auth/verify-email.")
    token = Credential.parse(PREFIX, text, ids=2)
    if token is None:
        raise _refused()
    tenant_id, organization_id = token.ids
    await set_context(
        session,
        AccessContext(
            tenant_id=tenant_id,
            user_id=subject.user_id,
            organization_id=organization_id,
            read_reach=Reach.ORGANIZATION,
        ),
    )
    organization = await organizations.in_context(session, tenant_id, organization_id)
    in_use = await tenants.is_active(session, tenant_id)
    listed = await whitelist.has(session, tenant_id, organization_id, person.email_key)
    genuine = token.matches((organization.join_token_hash if organization else None) or _NOBODYS_HASH)
    if organization is None or not (in_use and listed and genuine):
        raise _refused()
    membership = await members.enrol(session, organization, subject.user_id, RoleName.ORG_MEMBER)
    await trail.record(
        session,
        "organization.join",
        "organization",
        organization.id,
        tenant_id=tenant_id,
        details={"role": membership.role},
    )
    await set_context(session, subject.access)
    return membership, organization


def _refused() -> JoinRefusedError:
    return JoinRefusedError("The token is not valid, or your address is not on the organization's list.")
