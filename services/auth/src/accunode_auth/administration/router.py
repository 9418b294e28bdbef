"""People in the caller's reach."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, status

from accunode_auth.administration import service
from accunode_auth.administration.people import PersonInReach
from accunode_auth.administration.permissions import Manager, Reader
from accunode_auth.administration.schemas import MembershipOut, RoleChange, UserChange, UserIn, UserOut
from accunode_auth.resources import AppResources, InvitationMailing
from accunode_common.auth.roles import Role
from accunode_common.auth.subject import Subject
from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.models.identity import Membership, MembershipStatus, User, UserStatus
from accunode_common.schemas import Page
from accunode_identity.people import looks_after
from accunode_identity.schemas import InvitationOut

router = api_router("/users", tag="users")

PersonPath = Annotated[UUID, Path(description="Somebody in the caller's reach.")]


MembershipQuery = Annotated[
    UUID | None, Query(description="One of the person's memberships; all in the caller's reach if left out.")
]


def _out(subject: Subject, user: User, memberships: Sequence[Membership]) -> UserOut:
    told = looks_after(subject, user.managed_by_tenant_id)
    return UserOut(
        id=user.id,
        email=user.email,
        full_name=user.full_name,
        memberships=[MembershipOut.model_validate(membership) for membership in memberships],
        managed=user.managed_by_tenant_id is not None and (told or user.managed_by_tenant_id == subject.tenant_id),
        status=UserStatus(user.status) if told else None,
        locked=(user.locked_until is not None and user.locked_until > datetime.now(UTC)) if told else None,
        last_sign_in_at=user.last_sign_in_at if told else None,
    )


def _person(subject: Subject, found: PersonInReach) -> UserOut:
    return _out(subject, found.user, found.memberships)


@router.get("", summary="People in reach", response_model=Page[UserOut])
async def list_users(
    subject: Reader,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
    search: Annotated[str | None, Query(max_length=200, description="Part of the address or the name.")] = None,
    role: Annotated[Role | None, Query(description="Only those who hold this role.")] = None,
    status: Annotated[MembershipStatus | None, Query(description="Only those with such a membership.")] = None,
    organization_id: Annotated[UUID | None, Query(description="Only members of this organization.")] = None,
    tenant_id: Annotated[UUID | None, Query(description="Only those with a membership in this tenant.")] = None,
) -> PageReply:
    """The people who have a membership in the caller's organization, tenant, or anywhere for super admins."""
    filters = service.Filters(
        search=search, role=role, status=status, organization_id=organization_id, tenant_id=tenant_id
    )
    found, memberships = await service.listing(session, filters, order, paging)
    items = [_out(subject, user, memberships[user.id]) for user in found.rows]
    return PageReply(found.showing(items))


@router.post(
    "", status_code=status.HTTP_201_CREATED, summary="Invite a person", responses=problem_responses(404, 409, 429)
)
async def create_user(
    subject: Manager,
    session: SubjectSession,
    trail: AuditTrail,
    mails: InvitationMailing,
    body: UserIn,
) -> InvitationOut:
    """Invites whoever owns an address to become a member. They are one once they accept; until then nothing of them
    is told, and nothing changes for them. Whether the address has an account makes no difference.
    """
    return InvitationOut.of(await service.invite(session, subject, trail, mails, body))


@router.get("/{user_id}", summary="One person")
async def read_user(subject: Reader, session: SubjectSession, etag: ETag, user_id: PersonPath) -> UserOut:
    """Somebody in the caller's reach."""
    found = await service.person(session, user_id)
    etag.tag(found.user.version)
    return _person(subject, found)


@router.patch("/{user_id}", summary="Change a person's name")
async def change_user(
    subject: Manager, session: SubjectSession, trail: AuditTrail, match: IfMatch, user_id: PersonPath, body: UserChange
) -> UserOut:
    """Changes the name of an account that the caller looks after: the platform's right, and that of the tenant that
    manages it.
    """
    found = await service.rename(session, subject, trail, user_id, match, body.full_name)
    match.tag(found.user.version)
    return _person(subject, found)


@router.delete("/{user_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Remove a person")
async def delete_user(
    subject: Manager,
    session: SubjectSession,
    app: AppResources,
    trail: AuditTrail,
    user_id: PersonPath,
) -> None:
    """Removes the memberships in the caller's reach. The account stays its owner's, but one that the caller looks
    after ends and is anonymised. The trail stays.
    """
    await service.remove(session, app.revocations, subject, trail, user_id)


@router.put("/{user_id}/role", summary="Change a person's role")
async def change_user_role(
    subject: Manager,
    session: SubjectSession,
    app: AppResources,
    trail: AuditTrail,
    user_id: PersonPath,
    body: RoleChange,
) -> UserOut:
    """Gives another role in the same tenant, never above the caller's own; the person's tokens end at once."""
    found = await service.change_role(session, app.revocations, subject, trail, user_id, body)
    return _person(subject, found)


@router.post("/{user_id}/suspend", summary="Suspend a person's memberships")
async def suspend_user(
    subject: Manager,
    session: SubjectSession,
    app: AppResources,
    trail: AuditTrail,
    user_id: PersonPath,
    membership_id: MembershipQuery = None,
) -> UserOut:
    """Keeps somebody out of the caller's places until they are resumed, at once. Their account stays as it is."""
    found = await service.suspend(session, app.revocations, subject, trail, user_id, membership_id)
    return _person(subject, found)


@router.post("/{user_id}/resume", summary="Resume a person's memberships")
async def resume_user(
    subject: Manager,
    session: SubjectSession,
    trail: AuditTrail,
    user_id: PersonPath,
    membership_id: MembershipQuery = None,
) -> UserOut:
    """Lets somebody who was suspended back into the caller's places."""
    found = await service.resume(session, subject, trail, user_id, membership_id)
    return _person(subject, found)


@router.post("/{user_id}/deactivate", summary="Deactivate an account")
async def deactivate_user(
    subject: Manager,
    session: SubjectSession,
    app: AppResources,
    trail: AuditTrail,
    user_id: PersonPath,
) -> UserOut:
    """Keeps the owner of an account that the caller looks after from signing in, and ends their sessions at once."""
    found = await service.deactivate(session, app.revocations, subject, trail, user_id)
    return _person(subject, found)


@router.post("/{user_id}/activate", summary="Activate an account")
async def activate_user(subject: Manager, session: SubjectSession, trail: AuditTrail, user_id: PersonPath) -> UserOut:
    """Lets the owner of an account that the caller looks after sign in again."""
    found = await service.activate(session, subject, trail, user_id)
    return _person(subject, found)


@router.post("/{user_id}/unlock", summary="Unlock an account")
async def unlock_user(
    subject: Manager, session: SubjectSession, app: AppResources, trail: AuditTrail, user_id: PersonPath
) -> UserOut:
    """Forgets failed sign-ins of an account that the caller looks after, so that its owner may try again."""
    found = await service.unlock(session, app, subject, trail, user_id)
    return _person(subject, found)
