"""Connections and mail domains; row-level security shows each tenant its own."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.federation import SsoConnection, SsoDomain
from accunode_common.models.identity import Membership, MembershipStatus, RoleName, User
from accunode_common.models.tenancy import Organization, Tenant, TenantStatus


async def connection(
    session: AsyncSession, tenant_id: UUID, *, lock: bool = False, hold: bool = False
) -> SsoConnection | None:
    """The tenant's connection, if in sight: locked to be changed, or held so that nobody else changes it."""
    query = select(SsoConnection).where(SsoConnection.tenant_id == tenant_id)
    if lock or hold:
        query = query.with_for_update(read=hold)
    return (await session.scalars(query)).one_or_none()


async def manager(session: AsyncSession, user_id: UUID) -> UUID | None:
    """The tenant that manages the person's account, if any."""
    return await session.scalar(select(User.managed_by_tenant_id).where(User.id == user_id))


async def administers(session: AsyncSession, user_id: UUID, tenant_id: UUID) -> bool:
    """Whether the person works in the tenant as its administrator."""
    query = select(Membership.id).where(
        Membership.user_id == user_id,
        Membership.tenant_id == tenant_id,
        Membership.role == RoleName.TENANT_ADMIN,
        Membership.status == MembershipStatus.ACTIVE,
    )
    return await session.scalar(query) is not None


async def remove_connection(session: AsyncSession, tenant_id: UUID) -> bool:
    """Remove the tenant's connection; gives False if there is none."""
    query = delete(SsoConnection).where(SsoConnection.tenant_id == tenant_id).returning(SsoConnection.tenant_id)
    return await session.scalar(query) is not None


async def tenant(session: AsyncSession, tenant_id: UUID) -> Tenant | None:
    """The tenant, if in sight."""
    return (await session.scalars(select(Tenant).where(Tenant.id == tenant_id))).one_or_none()


async def tenant_of_slug(session: AsyncSession, slug: str) -> UUID | None:
    """The tenant in use of that short name. The transaction's context must be the platform's."""
    return await session.scalar(select(Tenant.id).where(Tenant.slug == slug, Tenant.status == TenantStatus.ACTIVE))


async def organizations(session: AsyncSession, tenant_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Those of `ids` that are organizations of the tenant and in use."""
    query = select(Organization.id).where(
        Organization.tenant_id == tenant_id, Organization.id.in_(ids), Organization.deleted_at.is_(None)
    )
    return set((await session.scalars(query)).all())


def domains() -> Select[SsoDomain]:
    """The domains in sight."""
    return select(SsoDomain)


async def page(session: AsyncSession, order: SortOrder, paging: PageParameters) -> PageOf[SsoDomain]:
    """A page of the domains in sight."""
    return await paginate(session, domains(), order, paging)


async def count_domains(session: AsyncSession, tenant_id: UUID) -> int:
    """How many domains the tenant has, confirmed or not."""
    query = select(func.count()).select_from(SsoDomain).where(SsoDomain.tenant_id == tenant_id)
    return await session.scalar(query) or 0


async def confirmed(session: AsyncSession, tenant_id: UUID, domain: str) -> bool:
    """Whether the domain is the tenant's."""
    query = select(SsoDomain.tenant_id).where(
        SsoDomain.tenant_id == tenant_id, SsoDomain.domain == domain, SsoDomain.confirmed_at.is_not(None)
    )
    return await session.scalar(query) is not None


async def confirm(session: AsyncSession, tenant_id: UUID, domain: str, *, by: UUID, at: datetime) -> SsoDomain | None:
    """Note that the domain is the tenant's; None if the tenant does not say so itself."""
    query = (
        update(SsoDomain)
        .where(SsoDomain.tenant_id == tenant_id, SsoDomain.domain == domain)
        .values(confirmed_at=func.coalesce(SsoDomain.confirmed_at, at), confirmed_by=by)
        .returning(SsoDomain)
    )
    return (await session.scalars(query)).one_or_none()


async def remove_domain(session: AsyncSession, tenant_id: UUID, domain: str) -> bool:
    """Forget a domain; gives False if the tenant has no such domain in sight."""
    query = (
        delete(SsoDomain)
        .where(SsoDomain.tenant_id == tenant_id, SsoDomain.domain == domain)
        .returning(SsoDomain.domain)
    )
    return await session.scalar(query) is not None


async def save_connection(session: AsyncSession, row: SsoConnection) -> None:
    """Write a connection, new or changed, and read what the database filled in."""
    session.add(row)
    await session.flush()
    await session.refresh(row)


async def add_domain(session: AsyncSession, row: SsoDomain) -> None:
    """Add a domain, and read what the database filled in."""
    session.add(row)
    await session.flush()
    await session.refresh(row)
