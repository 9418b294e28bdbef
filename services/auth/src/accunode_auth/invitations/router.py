"""Invitations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, status

from accunode_auth.invitations import service
from accunode_auth.invitations.permissions import Manager, Owner, Reader
from accunode_auth.invitations.schemas import Acceptance, AcceptedOut, OfferOut, Offers, TokenAcceptance
from accunode_auth.public_routes import PublicRoute
from accunode_auth.resources import AppResources, InvitationMailing
from accunode_common.http.app import api_router
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail, RequestOrigin
from accunode_common.models.invitations import InvitationState
from accunode_common.schemas import Page
from accunode_identity.schemas import InvitationOut

router = api_router("/invitations", tag="invitations")
own = api_router("/users/me/invitations", tag="invitations")
public = api_router("/auth/invitations", tag="invitations")

InvitationPath = Annotated[UUID, Path(description="An invitation to a place that the caller administers.")]
OwnInvitationPath = Annotated[UUID, Path(description="An invitation to the caller's verified address.")]


@router.get("", summary="Invitations to the caller's places", response_model=Page[InvitationOut])
async def list_invitations(
    subject: Reader,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
    state: Annotated[InvitationState | None, Query(description="Only those of this state.")] = None,
    email: Annotated[str | None, Query(max_length=254, description="Only those to this address.")] = None,
    organization_id: Annotated[UUID | None, Query(description="Only those to this organization.")] = None,
    tenant_id: Annotated[UUID | None, Query(description="Only those to this tenant and its organizations.")] = None,
) -> PageReply:
    """Invitations to the caller's organization, tenant, or anywhere for super admins."""
    found = await service.listing(
        session, subject, order, paging, state=state, email=email, organization_id=organization_id, tenant_id=tenant_id
    )
    items = [InvitationOut.of(invitation) for invitation in found.rows]
    return PageReply(found.showing(items))


@router.get("/{invitation_id}", summary="One invitation")
async def read_invitation(subject: Reader, session: SubjectSession, invitation_id: InvitationPath) -> InvitationOut:
    """What became of an invitation."""
    return InvitationOut.of(await service.find(session, subject, invitation_id))


@router.delete(
    "/{invitation_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Withdraw an invitation",
    responses=problem_responses(410),
)
async def withdraw_invitation(
    subject: Manager, session: SubjectSession, trail: AuditTrail, invitation_id: InvitationPath
) -> None:
    """Takes back an invitation that was not decided; its token is void at once."""
    await service.withdraw(session, subject, trail, invitation_id)


@router.post("/{invitation_id}/resend", summary="Send an invitation again", responses=problem_responses(410, 429))
async def resend_invitation(
    subject: Manager,
    session: SubjectSession,
    trail: AuditTrail,
    mails: InvitationMailing,
    invitation_id: InvitationPath,
) -> InvitationOut:
    """Mails a fresh token, and gives seven days more. The token before is void."""
    return InvitationOut.of(await service.send_again(session, subject, trail, mails, invitation_id))


@own.get("", summary="Invitations to the caller")
async def list_own_invitations(subject: Owner, session: SubjectSession) -> Offers:
    """The open invitations to the caller's address, once it is verified."""
    return Offers(items=[OfferOut.of(offer) for offer in await service.offers(session, subject)])


@own.post("/{invitation_id}/accept", summary="Accept an invitation", responses=problem_responses(410))
async def accept_invitation(
    subject: Owner, session: SubjectSession, origin: RequestOrigin, invitation_id: OwnInvitationPath, body: Acceptance
) -> AcceptedOut:
    """Makes the caller a member. The caller's sessions go on; POST /auth/switch moves one to the new membership.

    An account that one tenant manages is its owner's alone again when the owner joins another tenant.
    """
    return AcceptedOut.of(
        await service.accept(session, subject, origin, invitation_id, accept_managed=body.accept_managed)
    )


@own.post(
    "/{invitation_id}/decline",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Decline an invitation",
    responses=problem_responses(410),
)
async def decline_invitation(
    subject: Owner, session: SubjectSession, origin: RequestOrigin, invitation_id: OwnInvitationPath
) -> None:
    """Turns the invitation down; whoever invited sees that."""
    await service.decline(session, subject, origin, invitation_id)


@public.post(
    "/accept",
    status_code=status.HTTP_201_CREATED,
    summary="Make an account and accept an invitation",
    dependencies=[PublicRoute],
    responses=problem_responses(403, 409, 410),
)
async def accept_invitation_with_token(app: AppResources, origin: RequestOrigin, body: TokenAcceptance) -> AcceptedOut:
    """Takes the token of an invitation's mail, and makes the account that accepts it. Sign in with it afterwards.

    Whoever has a verified account signs in and accepts instead (409). An account that somebody else registered under
    the address and never verified becomes the token holder's, without anything that was enrolled with it.
    """
    return AcceptedOut.of(await service.accept_with_token(app, body, origin))
