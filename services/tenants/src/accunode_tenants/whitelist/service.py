"""Which addresses may join an organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.emails import email_key
from accunode_common.errors import NotFoundError
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.tenancy import Organization, WhitelistEntry
from accunode_tenants.whitelist import repository

SORTING = Sorting(
    {"email": WhitelistEntry.email_key, "added_at": WhitelistEntry.created_at},
    default="email",
    key=WhitelistEntry.email_key,
)


async def list_page(
    session: AsyncSession, organization: Organization, order: SortOrder, paging: PageParameters, *, search: str | None
) -> PageOf[WhitelistEntry]:
    """The organization's whitelist."""
    return await repository.page(session, organization, order, paging, search=search)


async def add(
    session: AsyncSession, subject: Subject, trail: Trail, organization: Organization, addresses: Sequence[str]
) -> tuple[int, int]:
    """Put addresses on the whitelist; how many were new, and how many were there."""
    keys = sorted({email_key(address) for address in addresses})
    added = await repository.add(session, organization, keys, subject.user_id)
    await trail.record(
        session,
        "whitelist.add",
        "organization",
        organization.id,
        tenant_id=organization.tenant_id,
        details={"emails": keys, "added": added},
    )
    return added, len(keys) - added


async def remove(session: AsyncSession, trail: Trail, organization: Organization, address: str) -> None:
    """Take an address off the whitelist; members stay members.

    Raises:
        NotFoundError: It is not on it.
    """
    key = email_key(address)
    if not await repository.remove(session, organization, key):
        raise NotFoundError("This address is not on the whitelist.")
    await trail.record(
        session,
        "whitelist.remove",
        "organization",
        organization.id,
        tenant_id=organization.tenant_id,
        details={"email": key},
    )


async def clear(session: AsyncSession, organization: Organization) -> None:
    """Empty the whitelist."""
    await repository.clear(session, organization)


async def has(session: AsyncSession, tenant_id: UUID, organization_id: UUID, key: str) -> bool:
    """Whether the organization that the transaction's context names has the address on its whitelist."""
    return await repository.has(session, tenant_id, organization_id, key)
