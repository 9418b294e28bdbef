"""The SQL of the audit trail."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.audit_chain import FIELDS, Link
from accunode_common.auth.subject import Subject
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.audit import AuditEvent, AuditSeal
from accunode_tenants.scope import in_reach
from accunode_tenants.trail.schemas import AuditFilters

_BLOCK = 1000


def listing(subject: Subject, filters: AuditFilters) -> Select[AuditEvent]:
    """The events that the caller sees and asks for."""
    statement = select(AuditEvent).where(in_reach(subject, AuditEvent.tenant_id))
    for name in ("tenant_id", "actor_id", "action", "resource_type", "resource_id", "organization_id"):
        wanted = getattr(filters, name)
        if wanted is not None:
            statement = statement.where(getattr(AuditEvent, name) == wanted)
    if filters.since is not None:
        statement = statement.where(AuditEvent.occurred_at >= filters.since)
    if filters.until is not None:
        statement = statement.where(AuditEvent.occurred_at < filters.until)
    return statement


async def page(
    session: AsyncSession, subject: Subject, filters: AuditFilters, order: SortOrder, paging: PageParameters
) -> PageOf[AuditEvent]:
    """A page of the events that the caller sees and asks for."""
    return await paginate(session, listing(subject, filters), order, paging)


async def before(
    session: AsyncSession, subject: Subject, filters: AuditFilters, event_id: UUID | None, limit: int
) -> Sequence[AuditEvent]:
    """The newest events of those that are older than a given one."""
    statement = listing(subject, filters)
    if event_id is not None:
        statement = statement.where(AuditEvent.id < event_id)
    found = await session.scalars(statement.order_by(AuditEvent.id.desc()).limit(limit))
    return found.all()


async def links(session: AsyncSession, tenant_id: UUID) -> AsyncIterator[list[Link]]:
    """The tenant's chain in order, with the events it covers."""
    columns = [getattr(AuditEvent, name).label(name) for name in FIELDS]
    statement = (
        select(AuditSeal.sequence, AuditSeal.hash, AuditSeal.event_id, *columns)
        .outerjoin(AuditEvent, and_(AuditEvent.tenant_id == AuditSeal.tenant_id, AuditEvent.id == AuditSeal.event_id))
        .where(AuditSeal.tenant_id == tenant_id)
        .order_by(AuditSeal.sequence)
    )
    found = await session.stream(statement, execution_options={"yield_per": _BLOCK})
    async for rows in found.mappings().partitions(_BLOCK):
        yield [
            Link(row["sequence"], row["hash"], row["event_id"], None if row["id"] is None else dict(row))
            for row in rows
        ]


async def unsealed(session: AsyncSession, tenant_id: UUID) -> int:
    """How many events of the tenant have no link yet."""
    statement = (
        select(func.count())
        .select_from(AuditEvent)
        .outerjoin(AuditSeal, and_(AuditSeal.tenant_id == AuditEvent.tenant_id, AuditSeal.event_id == AuditEvent.id))
        .where(AuditEvent.tenant_id == tenant_id, AuditSeal.event_id.is_(None))
    )
    return await session.scalar(statement) or 0
