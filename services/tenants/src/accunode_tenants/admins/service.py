"""Who administers a tenant. A tenant that has administrators never loses the last one."""

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
from accunode_common.models.identity import Membership, MembershipStatus
from accunode_common.models.invitations import Invitation
from accunode_identity import inviting, memberships, people
from accunode_identity.invitation_mail import InvitationMailer
from accunode_identity.role_scopes import RoleScope
from accunode_identity.session_revocation import revoke_memberships
from accunode_tenants.admins import repository
from accunode_tenants.admins.schemas import AdminOut

SORTING = Sorting({"since": Membership.created_at}, default="since", key=Membership.id)


async def list_page(
    session: AsyncSession, subject: Subject, tenant_id: UUID, order: SortOrder, paging: PageParameters
) -> PageOf[AdminOut]:
    """The administrators of a tenant that the caller sees."""
    found = await repository.page(session, tenant_id, order, paging)
    items = await _shown(session, subject, found.rows)
    return found.showing(items)


async def _shown(session: AsyncSession, subject: Subject, found: Sequence[Membership]) -> list[AdminOut]:
    """The administrators as the caller sees them."""
    return [
        AdminOut(
            user_id=member.person.id,
            email=member.person.email,
            full_name=member.person.full_name,
            status=MembershipStatus(member.membership.status),
            since=member.membership.created_at,
            managed=member.managed,
            last_sign_in_at=member.last_sign_in_at,
        )
        for member in await people.of_memberships(session, subject, found)
    ]


async def invite(
    session: AsyncSession, subject: Subject, trail: Trail, mails: InvitationMailer, tenant_id: UUID, email: str
) -> Invitation:
    """Invite whoever owns an address to administer the tenant.

    Raises:
        NotFoundError: The tenant is not in use.
        AlreadyExistsError: An administrator has the address, or it is invited already.
    """
    scope = RoleScope(tenant_id, None)
    return await inviting.invite(session, trail, mails, subject.user_id, scope, email=email, role=Role.TENANT_ADMIN)


async def remove(session: AsyncSession, trail: Trail, revocations: Revocations, tenant_id: UUID, user_id: UUID) -> None:
    """End somebody's administration of the tenant, at once.

    Raises:
        NotFoundError: They do not administer it.
        LastAdministratorError: Nobody else who can sign in does.
    """
    await lock_members(session, tenant_id)
    membership = await repository.find(session, tenant_id, user_id)
    if membership is None:
        raise NotFoundError("This person does not administer the tenant.")
    await memberships.remove(session, [membership], email_key=None)
    await trail.record(session, "tenant_admin.remove", "user", user_id, tenant_id=tenant_id)
    await revoke_memberships(session, revocations, [membership])
