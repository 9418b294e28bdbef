"""Tenant administrators over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from accunode_common.http.app import api_router
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.schemas import Page
from accunode_identity.schemas import InvitationOut
from accunode_tenants.admins import service
from accunode_tenants.admins.permissions import AdminManager, AdminReader
from accunode_tenants.admins.schemas import AdminIn, AdminOut
from accunode_tenants.path_parameters import TenantPath
from accunode_tenants.resources import AppResources, InvitationMailing
from accunode_tenants.tenants import service as tenants

router = api_router("/tenants/{tenant_id}/admins", tag="tenant administrators")


@router.get("", summary="List a tenant's administrators", response_model=Page[AdminOut])
async def list_tenant_admins(
    tenant_id: TenantPath,
    subject: AdminReader,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
) -> PageReply:
    """Who administers the tenant, longest first."""
    tenant = await tenants.get(session, subject, tenant_id)
    return PageReply(await service.list_page(session, subject, tenant.id, order, paging))


@router.post(
    "", status_code=201, summary="Invite an administrator of a tenant", responses=problem_responses(404, 409, 429)
)
async def add_tenant_admin(
    tenant_id: TenantPath,
    subject: AdminManager,
    session: SubjectSession,
    trail: AuditTrail,
    mails: InvitationMailing,
    body: AdminIn,
) -> InvitationOut:
    """Invites whoever owns an address to administer the tenant, which they do once they accept. Whether the address
    has an account makes no difference.
    """
    tenant = await tenants.require_active(session, subject, tenant_id)
    return InvitationOut.of(await service.invite(session, subject, trail, mails, tenant.id, body.email))


@router.delete("/{user_id}", status_code=204, summary="Remove an administrator from a tenant")
async def remove_tenant_admin(
    tenant_id: TenantPath,
    user_id: Annotated[UUID, Path(description="One of its administrators.")],
    subject: AdminManager,
    session: SubjectSession,
    trail: AuditTrail,
    app: AppResources,
) -> None:
    """Ends the administration, and the person's tokens, at once. The last administrator who can sign in stays."""
    tenant = await tenants.get(session, subject, tenant_id)
    await service.remove(session, trail, app.revocations, tenant.id, user_id)
