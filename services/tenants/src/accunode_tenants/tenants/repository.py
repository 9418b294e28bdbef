"""The SQL of tenants."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.audit import AuditEvent
from accunode_common.models.identity import Membership
from accunode_common.models.tenancy import Organization, Tenant
from accunode_common.names import name_key
from accunode_credit.models.bulk import Job
from accunode_credit.models.credit import Company, Prediction
from accunode_credit.records import only
from accunode_tenants.scope import in_reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """How much a tenant holds."""

    users: int
    organizations: int
    companies: int
    predictions: int
    jobs: int
    storage_bytes: int
    last_activity_at: datetime | None


def listing(*, status: str | None, search: str | None) -> Select[Tenant]:
    """All tenants but the platform's own."""
    statement = select(Tenant).where(Tenant.id != PLATFORM_TENANT_ID)
    if status is not None:
        statement = statement.where(Tenant.status == status)
    if search is not None:
        statement = statement.where(func.lower(Tenant.name).contains(search.lower(), autoescape=True))
    return statement


async def page(
    session: AsyncSession, order: SortOrder, paging: PageParameters, *, status: str | None, search: str | None
) -> PageOf[Tenant]:
    """A page of the tenants but the platform's own."""
    return await paginate(session, listing(status=status, search=search), order, paging)


async def find(session: AsyncSession, subject: Subject, tenant_id: UUID) -> Tenant:
    """The tenant.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    return await only(session, _by_id(subject, tenant_id), "tenant")


async def find_to_change(session: AsyncSession, subject: Subject, tenant_id: UUID) -> Tenant:
    """The tenant, locked until the transaction ends.

    Raises:
        NotFoundError: There is none that the caller may change.
    """
    return await only(session, _by_id(subject, tenant_id).with_for_update(), "tenant")


def _by_id(subject: Subject, tenant_id: UUID) -> Select[Tenant]:
    return select(Tenant).where(Tenant.id == tenant_id, Tenant.id != PLATFORM_TENANT_ID, in_reach(subject, Tenant.id))


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Tenant | None:
    """A new tenant, or None if the name or the slug is taken."""
    added: Tenant | None = await session.scalar(
        insert(Tenant)
        .values(id=new_id(), name_key=name_key(values["name"]), **values)
        .on_conflict_do_nothing()
        .returning(Tenant)
    )
    return added


async def has_name(session: AsyncSession, name: str) -> bool:
    """Whether a tenant that is not deleted has that name."""
    same = select(Tenant.id).where(Tenant.name_key == name_key(name), Tenant.deleted_at.is_(None))
    return await session.scalar(same) is not None


async def change(session: AsyncSession, tenant: Tenant, values: Mapping[str, Any]) -> Tenant:
    """The tenant with other values and the next version.

    Raises:
        IntegrityError: A tenant that is not deleted has that name; the transaction goes on.
    """
    if "name" in values:
        values = {**values, "name_key": name_key(values["name"])}
    if values.get("master_scale", ...) is None:
        values = {**values, "master_scale": null()}
    async with session.begin_nested():
        changed = await session.scalars(
            update(Tenant)
            .where(Tenant.id == tenant.id)
            .values(**values, version=Tenant.version + 1, updated_at=func.now())
            .returning(Tenant)
            .execution_options(populate_existing=True)
        )
    return changed.one()


async def counts(session: AsyncSession, tenant_ids: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """People and organizations of each tenant."""
    people = await session.execute(
        select(Membership.tenant_id, func.count(Membership.user_id.distinct()))
        .where(Membership.tenant_id.in_(tenant_ids))
        .group_by(Membership.tenant_id)
    )
    organizations = await session.execute(
        select(Organization.tenant_id, func.count())
        .where(Organization.tenant_id.in_(tenant_ids), Organization.deleted_at.is_(None))
        .group_by(Organization.tenant_id)
    )
    users = {row[0]: row[1] for row in people}
    parts = {row[0]: row[1] for row in organizations}
    return {tenant_id: (users.get(tenant_id, 0), parts.get(tenant_id, 0)) for tenant_id in tenant_ids}


async def stats(session: AsyncSession, tenant_id: UUID) -> Stats:
    """What the tenant holds; the transaction's context must be of that tenant, and read as its administrators do."""
    users, organizations = (await counts(session, [tenant_id]))[tenant_id]
    companies = select(func.count(Company.id)).where(Company.tenant_id == tenant_id)
    predictions = select(func.count(Prediction.id)).where(Prediction.tenant_id == tenant_id)
    jobs = select(func.count(Job.id), func.coalesce(func.sum(Job.file_bytes), 0)).where(Job.tenant_id == tenant_id)
    newest = (
        select(AuditEvent.occurred_at).where(AuditEvent.tenant_id == tenant_id).order_by(AuditEvent.id.desc()).limit(1)
    )
    job_count, stored = (await session.execute(jobs)).one()
    return Stats(
        users=users,
        organizations=organizations,
        companies=await session.scalar(companies) or 0,
        predictions=await session.scalar(predictions) or 0,
        jobs=job_count,
        storage_bytes=int(stored or 0),
        last_activity_at=await session.scalar(newest),
    )
