"""The caller's own sessions."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, status

from accunode_auth.devices.labels import label
from accunode_auth.public_routes import RefreshRoute
from accunode_auth.resources import AppResources
from accunode_auth.sessions import rotation, service
from accunode_auth.sessions.schemas import RefreshIn, SessionOut, SwitchIn, TokenPair
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.app import api_router
from accunode_common.http.callers import CurrentSubject, requires
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SecretSession, SubjectSession
from accunode_common.http.trail import RequestOrigin
from accunode_common.models.identity import AuthenticationMethod
from accunode_common.schemas import Page

router = api_router("/auth", tag="sessions")

Owner = Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))]


@router.post(
    "/refresh", summary="Exchange a refresh token", dependencies=[RefreshRoute], responses=problem_responses(401)
)
async def refresh_tokens(app: AppResources, origin: RequestOrigin, body: RefreshIn) -> TokenPair:
    """New tokens for a refresh token. A repeat gets the same one within ten seconds; later it ends the session."""
    return TokenPair.of(await rotation.refresh(app, body.refresh_token, origin))


@router.post("/switch", summary="Work in another membership", responses=problem_responses(404))
async def switch_membership(
    subject: Owner, app: AppResources, origin: RequestOrigin, session: SecretSession, body: SwitchIn
) -> TokenPair:
    """New tokens for another of the caller's memberships; the session's older refresh tokens are spent."""
    return TokenPair.of(await service.switch(session, app, subject, body.membership_id, origin))


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT, summary="End this session")
async def log_out(subject: CurrentSubject, app: AppResources, origin: RequestOrigin, session: SubjectSession) -> None:
    """Ends the session of the access token, at once and in every service."""
    await service.end_own(session, app.revocations, subject, origin)


@router.post("/logout-all", status_code=status.HTTP_204_NO_CONTENT, summary="End all sessions")
async def log_out_everywhere(
    subject: CurrentSubject, app: AppResources, origin: RequestOrigin, session: SubjectSession
) -> None:
    """Ends every session of the caller, at once and in every service."""
    await service.end_all(session, app.revocations, subject, origin)


@router.get("/sessions", summary="The caller's sessions", response_model=Page[SessionOut])
async def list_sessions(
    subject: Owner, session: SubjectSession, paging: Paging, order: Annotated[SortOrder, Depends(service.SORTING)]
) -> PageReply:
    """Signed-in devices, latest first."""
    found = await service.active(session, subject, order, paging)
    items = [
        SessionOut(
            id=user_session.id,
            current=user_session.id == subject.session_id,
            user_agent=user_session.user_agent,
            device=label(user_session.user_agent),
            methods=[AuthenticationMethod(method) for method in user_session.authentication_methods],
            ip_address=user_session.ip_address,
            created_at=user_session.created_at,
            last_seen_at=user_session.last_seen_at,
            expires_at=user_session.expires_at,
        )
        for user_session in found.rows
    ]
    return PageReply(found.showing(items))


@router.delete("/sessions/{session_id}", status_code=status.HTTP_204_NO_CONTENT, summary="End one session")
async def end_session(
    subject: Owner,
    app: AppResources,
    origin: RequestOrigin,
    session: SubjectSession,
    session_id: Annotated[UUID, Path(description="One of the caller's sessions.")],
) -> None:
    """Ends one of the caller's sessions, at once and in every service."""
    await service.end_one(session, app.revocations, subject, session_id, origin)
