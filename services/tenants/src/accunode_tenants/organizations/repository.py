"""The SQL of organizations."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.ids import new_id
from accunode_common.models.identity import Membership
from accunode_common.models.tenancy import Organization
from accunode_common.names import name_key
from accunode_credit.records import only
from accunode_tenants.scope import in_reach


def listing(subject: Subject, *, tenant_id: UUID | None, search: str | None) -> Select[Organization]:
    """The organizations that the caller sees."""
    statement = select(Organization).where(in_reach(subject, Organization.tenant_id), Organization.deleted_at.is_(None))
    if tenant_id is not None:
        statement = statement.where(Organization.tenant_id == tenant_id)
    if search is not None:
        statement = statement.where(Organization.name_key.contains(name_key(search), autoescape=True))
    return statement


async def page(
    session: AsyncSession,
    subject: Subject,
    order: SortOrder,
    paging: PageParameters,
    *,
    tenant_id: UUID | None,
    search: str | None,
) -> PageOf[Organization]:
    """A page of the organizations that the caller sees."""
    return await paginate(session, listing(subject, tenant_id=tenant_id, search=search), order, paging)


async def find(session: AsyncSession, subject: Subject, organization_id: UUID) -> Organization:
    """The organization.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    return await only(session, _by_id(subject, organization_id), "organization")


async def find_to_change(session: AsyncSession, subject: Subject, organization_id: UUID) -> Organization:
    """The organization as it is now, locked until the transaction ends.

    Raises:
        NotFoundError: There is none that the caller may change.
    """
    locked = _by_id(subject, organization_id).with_for_update().execution_options(populate_existing=True)
    return await only(session, locked, "organization")


def _by_id(subject: Subject, organization_id: UUID) -> Select[Organization]:
    return listing(subject, tenant_id=None, search=None).where(Organization.id == organization_id)


async def join_token_hash(session: AsyncSession, tenant_id: UUID, organization_id: UUID) -> bytes | None:
    """The hash of the organization's join token, if the organization is in sight and has one."""
    found: bytes | None = await session.scalar(
        select(Organization.join_token_hash).where(
            Organization.tenant_id == tenant_id, Organization.id == organization_id, Organization.deleted_at.is_(None)
        )
    )
    return found


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Organization | None:
    """A new organization, or None if its tenant has one of that name."""
    added: Organization | None = await session.scalar(
        insert(Organization)
        .values(id=new_id(), name_key=name_key(values["name"]), **values)
        .on_conflict_do_nothing(
            index_elements=[Organization.tenant_id, Organization.name_key],
            index_where=Organization.deleted_at.is_(None),
        )
        .returning(Organization)
    )
    return added


async def change(session: AsyncSession, organization: Organization, values: Mapping[str, Any]) -> Organization:
    """The organization with other values and the next version."""
    if "name" in values:
        values = {**values, "name_key": name_key(values["name"])}
    changed = await session.scalars(
        update(Organization)
        .where(Organization.tenant_id == organization.tenant_id, Organization.id == organization.id)
        .values(**values, version=Organization.version + 1, updated_at=func.now())
        .returning(Organization)
        .execution_options(populate_existing=True)
    )
    return changed.one()


async def counts(session: AsyncSession, organization_ids: Collection[UUID]) -> dict[UUID, int]:
    """The members of each organization that the caller sees."""
    found = await session.execute(
        select(Membership.organization_id, func.count())
        .where(Membership.organization_id.in_(organization_ids))
        .group_by(Membership.organization_id)
    )
    return {organization_id: count for organization_id, count in found if organization_id is not None}
