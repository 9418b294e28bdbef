"""Who belongs to an organization. Whoever loses a membership loses its power at once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.revocation import Revocations
from accunode_common.auth.roles import Role
from accunode_common.auth.subject import Subject
from accunode_common.db.locks import lock_members
from accunode_common.errors import NotFoundError
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.identity import Membership, MembershipStatus, RoleName
from accunode_common.models.invitations import Invitation
from accunode_common.models.tenancy import Organization
from accunode_identity import inviting, memberships, people
from accunode_identity.invitation_mail import InvitationMailer
from accunode_identity.role_scopes import RoleScope, check_may_give
from accunode_identity.session_revocation import revoke_member, revoke_memberships
from accunode_tenants.members import repository
from accunode_tenants.members.schemas import MemberIn, MemberOut

SORTING = Sorting({"joined_at": Membership.created_at}, default="joined_at", key=Membership.id)


async def list_page(
    session: AsyncSession,
    subject: Subject,
    organization: Organization,
    order: SortOrder,
    paging: PageParameters,
    *,
    role: str | None,
) -> PageOf[MemberOut]:
    """The organization's members."""
    found = await repository.page(session, organization, order, paging, role=role)
    items = await _shown(session, subject, found.rows)
    return found.showing(items)


async def _shown(session: AsyncSession, subject: Subject, found: Sequence[Membership]) -> list[MemberOut]:
    """The members as the caller sees them."""
    return [
        MemberOut(
            user_id=member.person.id,
            membership_id=member.membership.id,
            email=member.person.email,
            full_name=member.person.full_name,
            role=RoleName(member.membership.role),
            status=MembershipStatus(member.membership.status),
            joined_at=member.membership.created_at,
            managed=member.managed,
            last_sign_in_at=member.last_sign_in_at,
        )
        for member in await people.of_memberships(session, subject, found)
    ]


async def count(session: AsyncSession, organization: Organization) -> int:
    """How many members the organization has."""
    return await memberships.count(session, _scope(organization))


async def invite(
    session: AsyncSession,
    subject: Subject,
    trail: Trail,
    mails: InvitationMailer,
    organization: Organization,
    body: MemberIn,
) -> Invitation:
    """Invite whoever owns an address.

    Raises:
        ForbiddenError: The role is above the caller's.
        NotFoundError: The organization is not in use.
        AlreadyExistsError: A member has the address, or it is invited already.
    """
    check_may_give(subject, Role(body.role))
    scope = _scope(organization)
    return await inviting.invite(session, trail, mails, subject.user_id, scope, email=body.email, role=Role(body.role))


async def remove(
    session: AsyncSession, trail: Trail, revocations: Revocations, organization: Organization, user_id: UUID
) -> None:
    """End somebody's membership, at once, and take them off the whitelist so that the join token does not undo it.

    The organization may be left without an administrator of its own: its tenant's administer it.

    Raises:
        NotFoundError: They are no member.
    """
    await lock_members(session, organization.tenant_id)
    membership = await repository.find(session, organization, user_id)
    if membership is None:
        raise NotFoundError("This person is no member of the organization.")
    person = await people.find(session, user_id)
    await memberships.remove(session, [membership], email_key=person.email_key if person else None)
    await trail.record(
        session,
        "member.remove",
        "user",
        user_id,
        tenant_id=organization.tenant_id,
        details={"organization_id": str(organization.id)},
    )
    await revoke_memberships(session, revocations, [membership])


async def remove_all(session: AsyncSession, revocations: Revocations, organization: Organization) -> int:
    """End every membership in the organization, at once, and every invitation to it; how many members there were."""
    removed = await repository.remove_all(session, organization)
    await repository.withdraw_invitations(session, organization)
    await revoke_member(session, revocations, organization.tenant_id, *removed)
    return len(removed)


def _scope(organization: Organization) -> RoleScope:
    return RoleScope(organization.tenant_id, organization.id)
