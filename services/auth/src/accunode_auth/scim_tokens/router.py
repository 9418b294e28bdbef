"""Provisioning tokens over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, status

from accunode_auth.resources import AppResources
from accunode_auth.scim_tokens import service
from accunode_auth.scim_tokens.schemas import NewScimToken, ScimTokenIn, ScimTokenOut
from accunode_auth.sso_connections.permissions import SsoManager
from accunode_common.http.app import api_router
from accunode_common.http.callers import StepUp
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SecretSession, SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.schemas import Page

router = api_router("/auth/scim-tokens", tag="provisioning")


@router.get("", summary="The tenant's provisioning tokens", response_model=Page[ScimTokenOut])
async def list_scim_tokens(
    subject: SsoManager,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
) -> PageReply:
    """The good tokens by which the tenant's directories provision its people."""
    found = await service.active(session, subject, order, paging)
    items = [ScimTokenOut.model_validate(token) for token in found.rows]
    return PageReply(found.showing(items))


@router.post("", status_code=status.HTTP_201_CREATED, summary="Make a provisioning token")
async def create_scim_token(
    subject: SsoManager, _proof: StepUp, app: AppResources, session: SecretSession, trail: AuditTrail, body: ScimTokenIn
) -> NewScimToken:
    """Makes a bearer token for the tenant's directory, which adds, changes and removes the tenant's people with it.

    It is the tenant's, and stays good when its maker leaves: revoke it when somebody goes who knows it.
    """
    token, secret = await service.create(session, subject, trail, body)
    shown = ScimTokenOut.model_validate(token)
    return NewScimToken(scim_token=shown, secret=secret, base_url=service.base_url(app))


@router.delete("/{token_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Revoke a provisioning token")
async def revoke_scim_token(
    subject: SsoManager,
    session: SubjectSession,
    trail: AuditTrail,
    token_id: Annotated[UUID, Path(description="One of the tenant's tokens.")],
) -> None:
    """Makes a token void at once."""
    await service.revoke(session, subject, trail, token_id)
