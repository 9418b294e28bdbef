"""Organizations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.schemas import Page
from accunode_tenants.organizations import service
from accunode_tenants.organizations.permissions import (
    OrganizationCreator,
    OrganizationDeleter,
    OrganizationEditor,
    OrganizationReader,
)
from accunode_tenants.organizations.schemas import OrganizationChange, OrganizationIn, OrganizationOut
from accunode_tenants.path_parameters import OrganizationPath
from accunode_tenants.resources import AppResources

router = api_router("/organizations", tag="organizations")


@router.get("", summary="List organizations", response_model=Page[OrganizationOut])
async def list_organizations(
    subject: OrganizationReader,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
    tenant_id: Annotated[UUID | None, Query(description="Only those of this tenant.")] = None,
    search: Annotated[str | None, Query(min_length=1, max_length=200, description="Part of the name.")] = None,
) -> PageReply:
    """The caller's own organization, all of the tenant for its administrators, or all for the platform."""
    found = await service.list_page(session, subject, order, paging, tenant_id=tenant_id, search=search)
    items = await service.show(session, found.rows)
    return PageReply(found.showing(items))


@router.post("", status_code=201, summary="Create an organization")
async def create_organization(
    subject: OrganizationCreator,
    session: SubjectSession,
    trail: AuditTrail,
    body: OrganizationIn,
    etag: ETag,
    response: Response,
) -> OrganizationOut:
    """Creates an organization without members. Its name is unique in the tenant."""
    organization = await service.create(session, subject, trail, body)
    etag.tag(organization.version)
    response.headers["Location"] = f"/api/v1/organizations/{organization.id}"
    return (await service.show(session, [organization]))[0]


@router.get("/{organization_id}", summary="Read an organization")
async def get_organization(
    organization_id: OrganizationPath, subject: OrganizationReader, session: SubjectSession, etag: ETag
) -> OrganizationOut:
    """An organization with its number of members."""
    organization = await service.get(session, subject, organization_id)
    etag.tag(organization.version)
    return (await service.show(session, [organization]))[0]


@router.patch("/{organization_id}", summary="Change an organization")
async def update_organization(
    organization_id: OrganizationPath,
    subject: OrganizationEditor,
    session: SubjectSession,
    trail: AuditTrail,
    body: OrganizationChange,
    condition: IfMatch,
) -> OrganizationOut:
    """Changes the fields that are sent; the seats only for the tenant's administrators."""
    organization = await service.change(session, subject, trail, organization_id, body, condition)
    condition.tag(organization.version)
    return (await service.show(session, [organization]))[0]


@router.delete("/{organization_id}", status_code=204, summary="Delete an organization")
async def delete_organization(
    organization_id: OrganizationPath,
    subject: OrganizationDeleter,
    session: SubjectSession,
    trail: AuditTrail,
    app: AppResources,
    condition: IfMatch,
) -> None:
    """Ends its memberships and its members' sessions at once. Its records stay for the tenant's administrators."""
    await service.delete(session, subject, trail, app.revocations, organization_id, condition)
