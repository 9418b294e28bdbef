"""People in the caller's reach."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Path, Query, status

from accunode_auth.administration import service
from accunode_auth.administration.permissions import Manager, Reader
from accunode_auth.administration.schemas import MembershipOut, RoleChange, UserChange, UserIn, UserOut
from accunode_auth.parts import AppResources, AuthParts
from accunode_common.auth.roles import Role
from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.ending import SessionsEnding
from accunode_common.http.openapi import problem_responses
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.schemas import Page
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.models.identity import Membership, User, UserStatus

router = api_router("/users", tag="users")

PersonPath = Annotated[UUID, Path(description="Somebody in the caller's reach.")]


def _out(user: User, memberships: Sequence[Membership]) -> UserOut:
    return UserOut(
        id=user.id,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        full_name=user.full_name,
        status=user.status,
        locked=user.locked_until is not None and user.locked_until > datetime.now(UTC),
        memberships=[MembershipOut.model_validate(membership) for membership in memberships],
        last_sign_in_at=user.last_sign_in_at,
        created_at=user.created_at,
        updated_at=user.updated_at,
    )


def _person(found: service.Person) -> UserOut:
    return _out(found.user, found.memberships)


@router.get("", summary="People in reach")
async def list_users(
    _subject: Reader,
    db: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
    search: Annotated[str | None, Query(max_length=200, description="Part of the address or the name.")] = None,
    role: Annotated[Role | None, Query(description="Only those who hold this role.")] = None,
    status: Annotated[UserStatus | None, Query(description="Only accounts of this status.")] = None,
    organization_id: Annotated[UUID | None, Query(description="Only members of this organization.")] = None,
    tenant_id: Annotated[UUID | None, Query(description="Only those with a membership in this tenant.")] = None,
) -> Page[UserOut]:
    """The people who have a membership in the caller's organization, tenant, or anywhere for super admins."""
    filters = service.Filters(
        search=search, role=role, status=status, organization_id=organization_id, tenant_id=tenant_id
    )
    found, memberships = await service.people(db, filters, order, paging)
    items = [_out(user, memberships[user.id]) for user in found.rows]
    return Page[UserOut](items=items, next_cursor=found.next_cursor, total=found.total)


@router.post("", status_code=status.HTTP_201_CREATED, summary="Add a person", responses=problem_responses(404))
async def create_user(
    subject: Manager,
    db: SubjectSession,
    parts: AuthParts,
    app: AppResources,
    trail: AuditTrail,
    tasks: BackgroundTasks,
    etag: ETag,
    body: UserIn,
) -> UserOut:
    """Gives the owner of an address a membership, and an account if there is none; they get a mail."""
    found, membership, mail = await service.create(db, app, parts, subject, body)
    details = {"role": body.role, "organization_id": str(membership.organization_id or "")}
    await trail.record(db, "user.create", "user", found.user.id, details=details, tenant_id=membership.tenant_id)
    tasks.add_task(parts.mailer.send, mail)
    etag.tag(found.user.version)
    return _person(found)


@router.get("/{user_id}", summary="One person")
async def read_user(_subject: Reader, db: SubjectSession, etag: ETag, user_id: PersonPath) -> UserOut:
    """Somebody in the caller's reach."""
    found = await service.person(db, user_id)
    etag.tag(found.user.version)
    return _person(found)


@router.patch("/{user_id}", summary="Change a person's name")
async def change_user(
    subject: Manager, db: SubjectSession, trail: AuditTrail, match: IfMatch, user_id: PersonPath, body: UserChange
) -> UserOut:
    """Changes the name of somebody in the caller's reach."""
    found = await service.rename(db, subject, user_id, match, body.full_name)
    await trail.record(db, "user.update", "user", user_id, details={"fields": ["full_name"]})
    match.tag(found.user.version)
    return _person(found)


@router.delete("/{user_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Remove a person")
async def delete_user(
    subject: Manager, db: SubjectSession, app: AppResources, trail: AuditTrail, user_id: PersonPath
) -> None:
    """Removes the memberships in the caller's reach; an account left with none is anonymised. The trail stays."""
    anonymised = await service.remove(db, app, subject, user_id)
    await trail.record(db, "user.delete", "user", user_id, details={"anonymised": anonymised})


@router.put("/{user_id}/role", summary="Change a person's role")
async def change_user_role(
    subject: Manager,
    db: SubjectSession,
    ending: SessionsEnding,
    trail: AuditTrail,
    user_id: PersonPath,
    body: RoleChange,
) -> UserOut:
    """Gives another role in the same tenant, never above the caller's own; the person's tokens end at once."""
    found, membership, before = await service.change_role(db, ending, subject, user_id, body)
    details = {"from": before, "to": membership.role, "membership_id": str(membership.id)}
    await trail.record(db, "user.set_role", "user", user_id, details=details, tenant_id=membership.tenant_id)
    return _person(found)


@router.post("/{user_id}/deactivate", summary="Keep a person out")
async def deactivate_user(
    subject: Manager, db: SubjectSession, app: AppResources, trail: AuditTrail, user_id: PersonPath
) -> UserOut:
    """Keeps somebody from signing in, and ends their sessions at once."""
    found = await service.deactivate(db, app, subject, user_id)
    await trail.record(db, "user.deactivate", "user", user_id)
    return _person(found)


@router.post("/{user_id}/activate", summary="Let a person in again")
async def activate_user(
    subject: Manager, db: SubjectSession, app: AppResources, trail: AuditTrail, user_id: PersonPath
) -> UserOut:
    """Undoes a deactivation."""
    found = await service.activate(db, app, subject, user_id)
    await trail.record(db, "user.activate", "user", user_id)
    return _person(found)


@router.post("/{user_id}/unlock", summary="Unlock a person")
async def unlock_user(
    subject: Manager, db: SubjectSession, app: AppResources, trail: AuditTrail, user_id: PersonPath
) -> UserOut:
    """Forgets failed sign-ins, so that the person may try again."""
    found = await service.unlock(db, app, subject, user_id)
    await trail.record(db, "user.unlock", "user", user_id)
    return _person(found)
