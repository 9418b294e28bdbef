"""Members over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from accunode_common.http.app import api_router
from accunode_common.http.ending import SessionsEnding
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.schemas import Page
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_tenants.members import service
from accunode_tenants.members.permissions import MemberManager
from accunode_tenants.members.schemas import MemberAdded, MemberIn, MemberInvited, MemberOut, MemberRole
from accunode_tenants.organizations import service as organizations
from accunode_tenants.paths import OrganizationPath

router = api_router("/organizations/{organization_id}/members", tag="members")


@router.get("", summary="List an organization's members")
async def list_members(
    organization_id: OrganizationPath,
    subject: MemberManager,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
    role: Annotated[MemberRole | None, Query(description="Only those with this role.")] = None,
) -> Page[MemberOut]:
    """Who belongs to the organization, longest first."""
    organization = await organizations.get(session, subject, organization_id)
    found = await service.list_page(session, organization, order, paging, role=role)
    items = await service.show(session, found.rows)
    return Page[MemberOut](items=items, next_cursor=found.next_cursor, total=found.total)


@router.post(
    "",
    status_code=201,
    summary="Add a member to an organization",
    responses={202: {"model": MemberInvited, "description": "The address was put on the whitelist."}},
)
async def add_member(
    organization_id: OrganizationPath,
    subject: MemberManager,
    session: SubjectSession,
    trail: AuditTrail,
    body: MemberIn,
    response: Response,
) -> MemberAdded:
    """Gives a seat to somebody of the caller's tenant; any other address is put on the whitelist instead (202)."""
    organization = await organizations.get(session, subject, organization_id)
    membership = await service.add(session, subject, trail, organization, body)
    if membership is None:
        response.status_code = 202
        return MemberAdded(outcome="invited", member=None)
    return MemberAdded(outcome="added", member=(await service.show(session, [membership]))[0])


@router.delete("/{user_id}", status_code=204, summary="Remove a member from an organization")
async def remove_member(
    organization_id: OrganizationPath,
    user_id: Annotated[UUID, Path(description="One of its members.")],
    subject: MemberManager,
    session: SubjectSession,
    trail: AuditTrail,
    ending: SessionsEnding,
) -> None:
    """Ends the membership and the person's sessions at once, and takes them off the whitelist."""
    organization = await organizations.get(session, subject, organization_id)
    await service.remove(session, trail, ending, organization, user_id)
