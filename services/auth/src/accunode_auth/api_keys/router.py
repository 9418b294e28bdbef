"""API keys."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, status

from accunode_auth.api_keys import service
from accunode_auth.api_keys.schemas import ApiKeyIn, ApiKeyOut, ApiKeySecret, MachineToken, NewApiKey
from accunode_auth.notices.service import PersonNotices
from accunode_auth.public_routes import KeyExchangeRoute
from accunode_auth.resources import AppResources
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.auth.tokens import ACCESS_TOKEN_LIFETIME
from accunode_common.http.app import api_router
from accunode_common.http.callers import StepUp, requires
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SecretSession, SubjectSession
from accunode_common.http.trail import AuditTrail, RequestOrigin
from accunode_common.schemas import Page

router = api_router("/auth/api-keys", tag="api-keys")

KeyOwner = Annotated[Subject, Depends(requires(Permission.API_KEY_MANAGE))]


@router.get("", summary="The caller's API keys", response_model=Page[ApiKeyOut])
async def list_api_keys(
    _subject: KeyOwner, session: SubjectSession, paging: Paging, order: Annotated[SortOrder, Depends(service.SORTING)]
) -> PageReply:
    """The caller's good keys for the membership they work in."""
    found = await service.active(session, order, paging)
    items = [ApiKeyOut.model_validate(key) for key in found.rows]
    return PageReply(found.showing(items))


@router.post("", status_code=status.HTTP_201_CREATED, summary="Make an API key")
async def create_api_key(
    subject: KeyOwner,
    _proof: StepUp,
    session: SecretSession,
    trail: AuditTrail,
    notices: PersonNotices,
    body: ApiKeyIn,
) -> NewApiKey:
    """Makes a key for the membership the caller works in, with some of the caller's permissions.

    A key calls the operations whose permissions are among its scopes, and no others: nothing of its owner's account,
    sessions and profile, nothing of other people, and nothing that only needs somebody who signed in.
    """
    key, secret = await service.create(
        session,
        subject,
        trail,
        notices,
        name=body.name,
        scopes=body.scopes,
        lifetime=timedelta(days=body.expires_in_days),
    )
    return NewApiKey(api_key=ApiKeyOut.model_validate(key), secret=secret)


@router.post("/token", summary="Exchange an API key", dependencies=[KeyExchangeRoute], responses=problem_responses(401))
async def exchange_api_key(app: AppResources, origin: RequestOrigin, body: ApiKeySecret) -> MachineToken:
    """An access token for a key; it has the key's scopes, and no more than its owner has now."""
    token, subject = await service.exchange(app, body.api_key, origin)
    return MachineToken(
        access_token=token,
        token_type="Bearer",  # noqa: S106 - a scheme
        expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        scopes=sorted(subject.permissions),
    )


@router.delete("/{key_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Revoke an API key")
async def revoke_api_key(
    _subject: KeyOwner,
    session: SubjectSession,
    app: AppResources,
    trail: AuditTrail,
    key_id: Annotated[UUID, Path(description="One of the caller's keys.")],
) -> None:
    """Makes a key, and the tokens it was exchanged for, void at once."""
    await service.revoke(session, app.revocations, trail, key_id)
