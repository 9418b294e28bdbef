"""Members over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query

from accunode_common.http.app import api_router
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.schemas import Page
from accunode_identity.schemas import InvitationOut
from accunode_tenants.members import service
from accunode_tenants.members.permissions import MemberManager
from accunode_tenants.members.schemas import MemberIn, MemberOut, MemberRole
from accunode_tenants.organizations import service as organizations
from accunode_tenants.path_parameters import OrganizationPath
from accunode_tenants.resources import AppResources, InvitationMailing

router = api_router("/organizations/{organization_id}/members", tag="members")


@router.get("", summary="List an organization's members", response_model=Page[MemberOut])
async def list_members(
    organization_id: OrganizationPath,
    subject: MemberManager,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
    role: Annotated[MemberRole | None, Query(description="Only those with this role.")] = None,
) -> PageReply:
    """Who belongs to the organization, longest first."""
    organization = await organizations.get(session, subject, organization_id)
    return PageReply(await service.list_page(session, subject, organization, order, paging, role=role))


@router.post(
    "",
    status_code=201,
    summary="Invite a member to an organization",
    responses=problem_responses(409, 429),
)
async def add_member(
    organization_id: OrganizationPath,
    subject: MemberManager,
    session: SubjectSession,
    trail: AuditTrail,
    mails: InvitationMailing,
    body: MemberIn,
) -> InvitationOut:
    """Invites whoever owns an address. They take a seat when they accept. Whether the address has an account makes no
    difference, and nothing of anybody is told.
    """
    organization = await organizations.get(session, subject, organization_id)
    return InvitationOut.of(await service.invite(session, subject, trail, mails, organization, body))


@router.delete("/{user_id}", status_code=204, summary="Remove a member from an organization")
async def remove_member(
    organization_id: OrganizationPath,
    user_id: Annotated[UUID, Path(description="One of its members.")],
    subject: MemberManager,
    session: SubjectSession,
    trail: AuditTrail,
    app: AppResources,
) -> None:
    """Ends the membership, and the person's tokens, at once, and takes them off the whitelist."""
    organization = await organizations.get(session, subject, organization_id)
    await service.remove(session, trail, app.revocations, organization, user_id)
