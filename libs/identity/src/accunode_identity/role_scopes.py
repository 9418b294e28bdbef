"""Where a role can be held: a tenant, or one of its organizations."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.roles import GRANTS, Role, Seat, may_assign
from accunode_common.auth.subject import Subject
from accunode_common.db.locks import lock_members
from accunode_common.db.session import Reach
from accunode_common.errors import ForbiddenError, NotFoundError, UnprocessableInputError
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.tenancy import Organization, Tenant, TenantStatus
from accunode_identity.tenant_settings import TenantSettings, settings_of


@dataclass(frozen=True, slots=True)
class RoleScope:
    """A tenant, or one of its organizations."""

    tenant_id: UUID
    organization_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenScope(RoleScope):
    """A scope that is in use, and stays so until the transaction ends.

    Attributes:
        seats: How many members it may have; None for as many as there are.
        settings: What its tenant decided.
    """

    tenant_name: str
    organization_name: str | None
    seats: int | None
    settings: TenantSettings

    def has_room(self, members: int) -> bool:
        """Whether somebody can join so many members."""
        return self.seats is None or members < self.seats


def check_may_give(subject: Subject, role: Role) -> None:
    """Refuse a role above the caller's.

    Raises:
        ForbiddenError: The caller may not give this role.
    """
    if not may_assign(subject.role, role):
        raise ForbiddenError("Nobody gives a role above their own.")


def scope_for(subject: Subject, role: Role, *, tenant_id: UUID | None, organization_id: UUID | None) -> RoleScope:
    """The scope that a request means, by the role's seat and the caller's reach.

    Raises:
        ForbiddenError: The caller may not give this role.
        NotFoundError: The scope is out of the caller's reach.
        UnprocessableInputError: The role does not fit the scope.
    """
    check_may_give(subject, role)
    platform_wide = subject.write_reach is Reach.PLATFORM
    if tenant_id is not None and tenant_id != subject.tenant_id and not platform_wide:
        raise NotFoundError("There is no such tenant.")
    tenant = tenant_id or subject.tenant_id
    seat = GRANTS[role].seat
    if (seat is Seat.PLATFORM) != (tenant == PLATFORM_TENANT_ID) or (seat is Seat.PLATFORM and not platform_wide):
        raise UnprocessableInputError.at("/body/role", "role_misplaced", "The role does not exist in that tenant.")
    if seat is not Seat.ORGANIZATION:
        if organization_id is not None:
            raise UnprocessableInputError.at(
                "/body/organization_id", "role_misplaced", "The role does not exist in an organization."
            )
        return RoleScope(tenant, None)
    organization = organization_id or (subject.organization_id if tenant == subject.tenant_id else None)
    if organization is None:
        raise UnprocessableInputError.at("/body/organization_id", "missing", "The role needs an organization.")
    if subject.write_reach is Reach.ORGANIZATION and organization != subject.organization_id:
        raise NotFoundError("There is no such organization.")
    return RoleScope(tenant, organization)


async def hold(session: AsyncSession, scope: RoleScope) -> OpenScope | None:
    """The scope if it is in sight and in use, which nobody ends before the transaction does; None otherwise."""
    await lock_members(session, scope.tenant_id)
    return await find(session, scope)


async def find(session: AsyncSession, scope: RoleScope) -> OpenScope | None:
    """The scope if it is in sight and in use now; None otherwise."""
    tenant = await session.scalar(
        select(Tenant)
        .where(Tenant.id == scope.tenant_id, Tenant.status == TenantStatus.ACTIVE)
        .execution_options(populate_existing=True)
    )
    if tenant is None:
        return None
    settings = settings_of(tenant.settings)
    if scope.organization_id is None:
        return OpenScope(
            scope.tenant_id, None, tenant_name=tenant.name, organization_name=None, seats=None, settings=settings
        )
    organization = await session.scalar(
        select(Organization)
        .where(
            Organization.tenant_id == scope.tenant_id,
            Organization.id == scope.organization_id,
            Organization.deleted_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )
    if organization is None:
        return None
    return OpenScope(
        scope.tenant_id,
        organization.id,
        tenant_name=tenant.name,
        organization_name=organization.name,
        seats=organization.max_users,
        settings=settings,
    )


async def require(session: AsyncSession, scope: RoleScope) -> OpenScope:
    """The scope, which is in use and stays so until the transaction ends.

    Raises:
        NotFoundError: It is not there, not in use, or out of the caller's reach.
    """
    found = await hold(session, scope)
    if found is None:
        what = "tenant" if scope.organization_id is None else "organization"
        raise NotFoundError(f"There is no such {what}.")
    return found
