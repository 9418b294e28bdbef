"""Provisioning tokens; row-level security shows each tenant its own."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.provisioning import ScimToken
from accunode_common.models.tenancy import Organization, Tenant, TenantStatus


def active(tenant_id: UUID) -> Select[ScimToken]:
    """The tenant's tokens that are good."""
    return select(ScimToken).where(
        ScimToken.tenant_id == tenant_id, ScimToken.revoked_at.is_(None), ScimToken.expires_at > func.now()
    )


async def page(session: AsyncSession, tenant_id: UUID, order: SortOrder, paging: PageParameters) -> PageOf[ScimToken]:
    """A page of the tenant's tokens that are good."""
    return await paginate(session, active(tenant_id), order, paging)


async def count_active(session: AsyncSession, tenant_id: UUID) -> int:
    """How many of the tenant's tokens are good."""
    return await session.scalar(select(func.count()).select_from(active(tenant_id).subquery())) or 0


async def find_active(session: AsyncSession, tenant_id: UUID, token_id: UUID) -> ScimToken | None:
    """The tenant's token of that id, if it is good and the tenant is in use."""
    in_use = select(Tenant.id).where(Tenant.id == tenant_id, Tenant.status == TenantStatus.ACTIVE)
    query = active(tenant_id).where(ScimToken.id == token_id, in_use.exists())
    return (await session.scalars(query)).one_or_none()


async def revoke(session: AsyncSession, tenant_id: UUID, token_id: UUID) -> bool:
    """Make a token void; gives False if the tenant has no such good token."""
    found = await session.scalar(
        update(ScimToken)
        .where(
            ScimToken.tenant_id == tenant_id,
            ScimToken.id == token_id,
            ScimToken.revoked_at.is_(None),
            ScimToken.expires_at > func.now(),
        )
        .values(revoked_at=func.now(), updated_at=func.now())
        .returning(ScimToken.id)
    )
    return found is not None


async def note_use(session: AsyncSession, token: ScimToken, *, every: timedelta) -> None:
    """Note that a token was used, unless that was noted lately."""
    await session.execute(
        update(ScimToken)
        .where(
            ScimToken.tenant_id == token.tenant_id,
            ScimToken.id == token.id,
            func.coalesce(ScimToken.last_used_at, ScimToken.created_at) < func.now() - every,
        )
        .values(last_used_at=func.now(), updated_at=func.now())
    )


async def has_organization(session: AsyncSession, tenant_id: UUID, organization_id: UUID) -> bool:
    """Whether the tenant has the organization, in use."""
    query = select(Organization.id).where(
        Organization.tenant_id == tenant_id, Organization.id == organization_id, Organization.deleted_at.is_(None)
    )
    return await session.scalar(query) is not None


async def add(session: AsyncSession, token: ScimToken) -> None:
    """Add a token, and read what the database filled in."""
    session.add(token)
    await session.flush()
    await session.refresh(token)
