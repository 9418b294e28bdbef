"""People."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, status
from sqlalchemy import Row

from accunode_auth.resources import AppResources
from accunode_auth.sessions.schemas import WorkplaceOut
from accunode_auth.users import service
from accunode_auth.users.schemas import Profile, ProfileChange
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.app import api_router
from accunode_common.http.callers import CurrentSubject, StepUp, requires
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.session import SecretSession, SubjectSession
from accunode_common.http.trail import AuditTrail, RequestOrigin

router = api_router("/users", tag="users")


def _profile(user: Row[Any], held: list[Row[Any]], subject: Subject) -> Profile:
    return Profile(
        id=user.id,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        full_name=user.full_name,
        status=user.status,
        role=subject.role,
        tenant_id=subject.tenant_id,
        organization_id=subject.organization_id,
        permissions=sorted(subject.permissions),
        managed_by_tenant_id=user.managed_by_tenant_id,
        memberships=[WorkplaceOut.model_validate(membership) for membership in held],
        last_sign_in_at=user.last_sign_in_at,
        created_at=user.created_at,
        updated_at=user.updated_at,
    )


@router.get("/me", summary="The caller's profile")
async def read_profile(subject: CurrentSubject, session: SubjectSession, etag: ETag) -> Profile:
    """Who the caller is, and where they may work."""
    user, held = await service.profile(session, subject)
    etag.tag(user.version)
    return _profile(user, held, subject)


@router.patch("/me", summary="Change the caller's profile")
async def change_profile(
    subject: Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))],
    session: SubjectSession,
    trail: AuditTrail,
    match: IfMatch,
    body: ProfileChange,
) -> Profile:
    """Changes what people say about themselves."""
    await service.change_profile(session, subject, trail, match, full_name=body.full_name)
    user, held = await service.profile(session, subject)
    match.tag(user.version)
    return _profile(user, held, subject)


@router.delete("/me", status_code=status.HTTP_204_NO_CONTENT, summary="Delete the caller's account")
async def delete_own_account(
    subject: Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))],
    _proof: StepUp,
    session: SecretSession,
    app: AppResources,
    trail: AuditTrail,
) -> None:
    """Ends all memberships and sessions, and anonymises the account; audit trails keep its id.

    The last administrator of a tenant appoints another first.
    """
    await service.delete_own(session, app.revocations, subject, trail)


@router.delete(
    "/me/memberships/{membership_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Leave a tenant or organization"
)
async def leave(
    subject: Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))],
    session: SubjectSession,
    app: AppResources,
    origin: RequestOrigin,
    membership_id: Annotated[UUID, Path(description="One of the caller's memberships.")],
) -> None:
    """Ends one of the caller's memberships. The last administrator of a tenant appoints another first."""
    await service.leave(session, app.revocations, subject, origin, membership_id)
