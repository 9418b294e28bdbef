"""Tenants over HTTP."""

from typing import Annotated

from fastapi import Depends, Query, Response

from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.models.tenancy import TenantStatus
from accunode_common.schemas import Page
from accunode_identity.schemas import InvitationOut
from accunode_tenants.path_parameters import TenantPath
from accunode_tenants.resources import AppResources, InvitationMailing
from accunode_tenants.tenants import service
from accunode_tenants.tenants.permissions import (
    TenantCreator,
    TenantDeleter,
    TenantEditor,
    TenantLister,
    TenantReader,
)
from accunode_tenants.tenants.schemas import TenantChange, TenantCreated, TenantIn, TenantOut, TenantStats

router = api_router("/tenants", tag="tenants")


@router.get("", summary="List tenants", response_model=Page[TenantOut])
async def list_tenants(
    _subject: TenantLister,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
    status: Annotated[TenantStatus | None, Query(description="Only those of this status.")] = None,
    search: Annotated[str | None, Query(min_length=1, max_length=200, description="Part of the name.")] = None,
) -> PageReply:
    """Every tenant with its counts, deleted ones that are not purged yet included."""
    found = await service.list_page(session, order, paging, status=status, search=search)
    items = await service.show(session, found.rows)
    return PageReply(found.showing(items))


@router.post("", status_code=201, summary="Create a tenant")
async def create_tenant(
    subject: TenantCreator,
    session: SubjectSession,
    trail: AuditTrail,
    mails: InvitationMailing,
    body: TenantIn,
    etag: ETag,
    response: Response,
) -> TenantCreated:
    """Creates a tenant and, in the same transaction, the invitation of its first administrator if one is named."""
    tenant, invitation = await service.create(session, subject, trail, mails, body)
    etag.tag(tenant.version)
    response.headers["Location"] = f"/api/v1/tenants/{tenant.id}"
    shown = (await service.show(session, [tenant]))[0]
    return TenantCreated(**dict(shown), invitation=None if invitation is None else InvitationOut.of(invitation))


@router.get("/{tenant_id}", summary="Read a tenant")
async def get_tenant(tenant_id: TenantPath, subject: TenantReader, session: SubjectSession, etag: ETag) -> TenantOut:
    """A tenant's name, settings and counts."""
    tenant = await service.get(session, subject, tenant_id)
    etag.tag(tenant.version)
    return (await service.show(session, [tenant]))[0]


@router.patch("/{tenant_id}", summary="Change a tenant")
async def update_tenant(
    tenant_id: TenantPath,
    subject: TenantEditor,
    session: SubjectSession,
    trail: AuditTrail,
    app: AppResources,
    body: TenantChange,
    condition: IfMatch,
) -> TenantOut:
    """Changes the fields that are sent. Only the platform changes the status; suspending ends sessions at once."""
    tenant = await service.change(session, subject, trail, app.revocations, tenant_id, body, condition)
    condition.tag(tenant.version)
    return (await service.show(session, [tenant]))[0]


@router.delete("/{tenant_id}", summary="Delete a tenant")
async def delete_tenant(
    tenant_id: TenantPath,
    subject: TenantDeleter,
    session: SubjectSession,
    trail: AuditTrail,
    app: AppResources,
    condition: IfMatch,
) -> TenantOut:
    """Ends every session in the tenant at once. Its data is kept until `purge_after`; until then it can come back."""
    tenant = await service.delete(
        session, subject, trail, app.revocations, tenant_id, condition, purge_days=app.settings.purge.days
    )
    condition.tag(tenant.version)
    return (await service.show(session, [tenant]))[0]


@router.get("/{tenant_id}/stats", summary="Read a tenant's statistics")
async def get_tenant_stats(tenant_id: TenantPath, subject: TenantReader, session: SubjectSession) -> TenantStats:
    """How much the tenant holds, and when it was last active."""
    return TenantStats.model_validate(await service.stats(session, subject, tenant_id))
