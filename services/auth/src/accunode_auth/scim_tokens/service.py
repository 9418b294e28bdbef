"""Making, using and revoking provisioning tokens."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.limits import LimitClass, count_use
from accunode_auth.resources import Resources
from accunode_auth.scim_tokens import repository
from accunode_auth.scim_tokens.schemas import ScimTokenIn
from accunode_auth.sso_connections.service import tenant_context
from accunode_common.auth.credentials import Credential
from accunode_common.auth.subject import Subject
from accunode_common.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnauthenticatedError,
    UnprocessableInputError,
)
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.provisioning import ScimToken

PREFIX = "sc"
MOST_TOKENS = 10
_NOTE_USE_EVERY = timedelta(minutes=5)

SORTING = Sorting(
    {"created_at": ScimToken.id, "expires_at": ScimToken.expires_at}, default="-created_at", key=ScimToken.id
)


@dataclass(frozen=True, slots=True)
class Directory:
    """A tenant's directory, which showed a good token.

    Attributes:
        tenant_id: Whose it is.
        token_id: The token.
        organization_id: Where its new people come.
        made_by: Who made the token, and in whose name it invites.
    """

    tenant_id: UUID
    token_id: UUID
    organization_id: UUID
    made_by: UUID


def base_url(app: Resources) -> str:
    """Where directories send their requests."""
    return f"{app.settings.public.url}/api/v1/scim/v2"


async def active(
    session: AsyncSession, subject: Subject, order: SortOrder, paging: PageParameters
) -> PageOf[ScimToken]:
    """The good tokens of the caller's tenant."""
    return await repository.page(session, subject.tenant_id, order, paging)


async def create(session: AsyncSession, subject: Subject, trail: Trail, body: ScimTokenIn) -> tuple[ScimToken, str]:
    """A new token of the caller's tenant, and its secret.

    Raises:
        ForbiddenError: The caller's tenant is the platform's own.
        UnprocessableInputError: The tenant has no such organization.
        ConflictError: The tenant has too many tokens.
    """
    if subject.tenant_id == PLATFORM_TENANT_ID:
        raise ForbiddenError("The platform's own people are not provisioned.")
    if not await repository.has_organization(session, subject.tenant_id, body.organization_id):
        raise UnprocessableInputError.at("/body/organization_id", "unknown", "The tenant has no such organization.")
    if await repository.count_active(session, subject.tenant_id) >= MOST_TOKENS:
        raise ConflictError(f"The tenant has {MOST_TOKENS} tokens already; revoke one first.")
    credential = Credential.new(PREFIX, subject.tenant_id, new_id())
    token = ScimToken(
        tenant_id=subject.tenant_id,
        id=credential.ids[1],
        organization_id=body.organization_id,
        name=body.name,
        token_hash=credential.hash,
        created_by=subject.user_id,
        expires_at=datetime.now(UTC) + timedelta(days=body.expires_in_days),
    )
    await repository.add(session, token)
    details = {"organization_id": str(token.organization_id), "expires_at": token.expires_at.isoformat()}
    await trail.record(session, "scim_token.create", "scim_token", token.id, details=details)
    return token, credential.text


async def revoke(session: AsyncSession, subject: Subject, trail: Trail, token_id: UUID) -> None:
    """Make a token void at once.

    Raises:
        NotFoundError: The caller's tenant has no such good token.
    """
    if not await repository.revoke(session, subject.tenant_id, token_id):
        raise NotFoundError("The tenant has no such token.")
    await trail.record(session, "scim_token.revoke", "scim_token", token_id)


async def authenticate(app: Resources, authorization: str | None) -> Directory:
    """The directory that a request's Authorization header vouches for.

    Raises:
        UnauthenticatedError: It has no token, or one that is unknown, revoked or expired, or the tenant is not in use.
        RateLimitedError: The token is used too often.
    """
    scheme, _, text = (authorization or "").partition(" ")
    credential = Credential.parse(PREFIX, text.strip(), ids=2) if scheme.lower() == "bearer" else None
    if credential is None:
        raise UnauthenticatedError("The request has no valid provisioning token.")
    tenant_id, token_id = credential.ids
    async with app.database.transaction(tenant_context(tenant_id)) as session:
        token = await repository.find_active(session, tenant_id, token_id)
        if token is None or not credential.matches(token.token_hash):
            raise UnauthenticatedError("The request has no valid provisioning token.")
        await count_use(app, LimitClass.PROVISIONING_USE, token_id)
        await repository.note_use(session, token, every=_NOTE_USE_EVERY)
        return Directory(tenant_id, token_id, token.organization_id, token.created_by)
