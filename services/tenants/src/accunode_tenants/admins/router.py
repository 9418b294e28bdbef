"""Tenant administrators over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from accunode_common.http.app import api_router
from accunode_common.http.ending import SessionsEnding
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.schemas import Page
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_tenants.admins import service
from accunode_tenants.admins.permissions import AdminManager, AdminReader
from accunode_tenants.admins.schemas import AdminIn, AdminOut
from accunode_tenants.parts import AppParts
from accunode_tenants.paths import TenantPath
from accunode_tenants.tenants import service as tenants

router = api_router("/tenants/{tenant_id}/admins", tag="tenant administrators")


@router.get("", summary="List a tenant's administrators")
async def list_tenant_admins(
    tenant_id: TenantPath,
    subject: AdminReader,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
) -> Page[AdminOut]:
    """Who administers the tenant, longest first."""
    tenant = await tenants.get(session, subject, tenant_id)
    found = await service.list_page(session, tenant.id, order, paging)
    items = await service.show(session, found.rows)
    return Page[AdminOut](items=items, next_cursor=found.next_cursor, total=found.total)


@router.post("", status_code=201, summary="Add an administrator to a tenant")
async def add_tenant_admin(
    tenant_id: TenantPath,
    subject: AdminManager,
    session: SubjectSession,
    trail: AuditTrail,
    parts: AppParts,
    ending: SessionsEnding,
    body: AdminIn,
) -> AdminOut:
    """Appoints somebody with an account, or makes one. A known person signs in anew to use the new role."""
    tenant = await tenants.require_active(session, subject, tenant_id)
    membership = await service.add(session, trail, parts.passwords, ending, tenant.id, body)
    return (await service.show(session, [membership]))[0]


@router.delete("/{user_id}", status_code=204, summary="Remove an administrator from a tenant")
async def remove_tenant_admin(
    tenant_id: TenantPath,
    user_id: Annotated[UUID, Path(description="One of its administrators.")],
    subject: AdminManager,
    session: SubjectSession,
    trail: AuditTrail,
    ending: SessionsEnding,
) -> None:
    """Ends the administration and the person's sessions at once. The last administrator stays."""
    tenant = await tenants.get(session, subject, tenant_id)
    await service.remove(session, trail, ending, tenant.id, user_id)
