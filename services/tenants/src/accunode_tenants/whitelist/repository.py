"""The SQL of whitelists."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.tenancy import Organization, WhitelistEntry


def _of(organization: Organization) -> ColumnElement[bool]:
    return and_(WhitelistEntry.tenant_id == organization.tenant_id, WhitelistEntry.organization_id == organization.id)


def listing(organization: Organization, *, search: str | None) -> Select[WhitelistEntry]:
    """The organization's whitelist."""
    statement = select(WhitelistEntry).where(_of(organization))
    if search is not None:
        statement = statement.where(WhitelistEntry.email_key.contains(search.casefold(), autoescape=True))
    return statement


async def page(
    session: AsyncSession, organization: Organization, order: SortOrder, paging: PageParameters, *, search: str | None
) -> PageOf[WhitelistEntry]:
    """A page of the organization's whitelist."""
    return await paginate(session, listing(organization, search=search), order, paging)


async def add(session: AsyncSession, organization: Organization, keys: Iterable[str], added_by: UUID) -> int:
    """Put addresses on the whitelist; how many were new."""
    values = [
        {
            "tenant_id": organization.tenant_id,
            "organization_id": organization.id,
            "email_key": key,
            "added_by": added_by,
        }
        for key in keys
    ]
    added = await session.scalars(
        insert(WhitelistEntry).values(values).on_conflict_do_nothing().returning(WhitelistEntry.email_key)
    )
    return len(added.all())


async def remove(session: AsyncSession, organization: Organization, key: str) -> bool:
    """Take an address off the whitelist; False if it was not on it."""
    removed = await session.scalar(
        delete(WhitelistEntry)
        .where(_of(organization), WhitelistEntry.email_key == key)
        .returning(WhitelistEntry.email_key)
    )
    return removed is not None


async def clear(session: AsyncSession, organization: Organization) -> None:
    """Empty the whitelist."""
    await session.execute(delete(WhitelistEntry).where(_of(organization)))


async def has(session: AsyncSession, tenant_id: UUID, organization_id: UUID, key: str) -> bool:
    """Whether an address is on the whitelist of the organization that the transaction's context names."""
    found = await session.scalar(
        select(WhitelistEntry.email_key).where(
            WhitelistEntry.tenant_id == tenant_id,
            WhitelistEntry.organization_id == organization_id,
            WhitelistEntry.email_key == key,
        )
    )
    return found is not None
