"""Reading and verifying the audit trail."""

import json
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.audit_chain import FIELDS, Verifier
from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.errors import NotFoundError
from accunode_common.http.files import Blocks
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.models.audit import AuditEvent
from accunode_common.tabular import OutputColumn
from accunode_tenants.scope import reaches_every_tenant
from accunode_tenants.trail import repository
from accunode_tenants.trail.schemas import AuditFilters, BreakOut, VerificationOut

SORTING = Sorting({"id": AuditEvent.id}, default="-id", key=AuditEvent.id)
BLOCK_EVENTS = 2000
COLUMNS = tuple(OutputColumn(name) for name in FIELDS)


async def list_page(
    session: AsyncSession, subject: Subject, filters: AuditFilters, order: SortOrder, paging: PageParameters
) -> PageOf[AuditEvent]:
    """The events that the caller sees, newest first unless asked otherwise."""
    return await repository.page(session, subject, filters, order, paging)


async def export(database: Database, subject: Subject, filters: AuditFilters) -> Blocks:
    """The events as a file's columns, newest first, a block in each short transaction: clients may read slowly."""
    last = None
    while True:
        async with database.transaction(subject.access) as session:
            events = await repository.before(session, subject, filters, last, BLOCK_EVENTS)
        yield [[_cell(getattr(event, name)) for event in events] for name in FIELDS]
        if len(events) < BLOCK_EVENTS:
            return
        last = events[-1].id


def _cell(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


async def verify(session: AsyncSession, subject: Subject, tenant_id: UUID | None) -> VerificationOut:
    """Recompute a tenant's hash chain, link by link, up to the first that does not hold.

    Raises:
        NotFoundError: The caller does not see that tenant's trail.
    """
    wanted = tenant_id or subject.tenant_id
    if wanted != subject.tenant_id and not reaches_every_tenant(subject):
        raise NotFoundError("There is no such tenant.")
    verifier = Verifier()
    broken = None
    async for links in repository.links(session, wanted):
        broken = verifier.feed(links)
        if broken is not None:
            break
    return VerificationOut(
        tenant_id=wanted,
        intact=broken is None,
        sealed=verifier.links,
        unsealed=await repository.unsealed(session, wanted),
        head=verifier.head.hex(),
        broken=None if broken is None else BreakOut.model_validate(broken),
        verified_at=datetime.now(UTC),
    )
