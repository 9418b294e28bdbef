"""The audit trail over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from accunode_common.audit_chain import FIELDS
from accunode_common.http.app import api_router
from accunode_common.http.files import table_reply
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.models.audit import AuditEvent
from accunode_common.schemas import Page
from accunode_common.tabular import FileFormat
from accunode_tenants.resources import AppResources
from accunode_tenants.trail import service
from accunode_tenants.trail.permissions import AuditReader
from accunode_tenants.trail.schemas import AuditEventOut, AuditFilters, VerificationOut

router = api_router("/audit-events", tag="audit trail")

Filters = Annotated[AuditFilters, Query()]


def _shown(event: AuditEvent) -> AuditEventOut:
    told = {name: getattr(event, name) for name in FIELDS}
    address = None if event.ip_address is None else str(event.ip_address)
    return AuditEventOut.model_validate(told | {"ip_address": address})


@router.get("", summary="List audit events", response_model=Page[AuditEventOut])
async def list_audit_events(
    subject: AuditReader,
    session: SubjectSession,
    filters: Filters,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
) -> PageReply:
    """Who did what in the tenant, newest first; the platform sees every tenant's."""
    found = await service.list_page(session, subject, filters, order, paging)
    return PageReply(found.showing([_shown(event) for event in found.rows]))


@router.get(
    "/export",
    summary="Download audit events",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_audit_events(subject: AuditReader, app: AppResources, filters: Filters) -> StreamingResponse:
    """The filtered events as CSV, newest first. Text that begins like a formula is neutralised."""
    rows = service.export(app.database, subject, filters)
    return await table_reply(FileFormat.CSV, service.COLUMNS, rows, name="audit-events")


@router.get("/verify", summary="Verify the audit trail", responses=problem_responses(404))
async def verify_audit_events(
    subject: AuditReader,
    session: SubjectSession,
    tenant_id: Annotated[UUID | None, Query(description="The caller's own tenant if left out.")] = None,
) -> VerificationOut:
    """Recomputes the tenant's hash chain and names the first broken link."""
    return await service.verify(session, subject, tenant_id)
