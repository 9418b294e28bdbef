"""Whitelists over HTTP."""

from typing import Annotated

from fastapi import Depends, Path, Query

from accunode_common.http.app import api_router
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.models.tenancy import WhitelistEntry
from accunode_common.schemas import Page
from accunode_tenants.organizations import service as organizations
from accunode_tenants.path_parameters import OrganizationPath
from accunode_tenants.whitelist import service
from accunode_tenants.whitelist.permissions import WhitelistManager
from accunode_tenants.whitelist.schemas import WhitelistAdded, WhitelistIn, WhitelistOut

router = api_router("/organizations/{organization_id}/whitelist", tag="whitelist")


def _shown(entry: WhitelistEntry) -> WhitelistOut:
    return WhitelistOut(email=entry.email_key, added_by=entry.added_by, added_at=entry.created_at)


@router.get("", summary="List the addresses that may join", response_model=Page[WhitelistOut])
async def list_whitelist(
    organization_id: OrganizationPath,
    subject: WhitelistManager,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
    search: Annotated[str | None, Query(min_length=1, max_length=254, description="Part of the address.")] = None,
) -> PageReply:
    """Addresses are shown as they are compared: in lower case."""
    organization = await organizations.get(session, subject, organization_id)
    found = await service.list_page(session, organization, order, paging, search=search)
    return PageReply(found.showing([_shown(entry) for entry in found.rows]))


@router.post("", status_code=201, summary="Let addresses join")
async def add_to_whitelist(
    organization_id: OrganizationPath,
    subject: WhitelistManager,
    session: SubjectSession,
    trail: AuditTrail,
    body: WhitelistIn,
) -> WhitelistAdded:
    """One address, or up to a thousand. Those that are on it already are counted and left."""
    organization = await organizations.get(session, subject, organization_id)
    added, known = await service.add(session, subject, trail, organization, body.addresses)
    return WhitelistAdded(added=added, already_there=known)


@router.delete("/{email}", status_code=204, summary="Stop an address from joining")
async def remove_from_whitelist(
    organization_id: OrganizationPath,
    email: Annotated[str, Path(min_length=3, max_length=254, description="The address, in any case.")],
    subject: WhitelistManager,
    session: SubjectSession,
    trail: AuditTrail,
) -> None:
    """Whoever joined already stays a member."""
    organization = await organizations.get(session, subject, organization_id)
    await service.remove(session, trail, organization, email)
