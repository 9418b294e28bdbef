"""A provider that says somebody signed out there (OpenID Connect Back-Channel Logout 1.0)."""

from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.resources import Resources
from accunode_auth.sessions import service as sessions
from accunode_auth.single_sign_on import repository
from accunode_auth.single_sign_on.admission import note_refusal, record
from accunode_auth.single_sign_on.claims import logout_claims
from accunode_auth.single_sign_on.pending import first_use
from accunode_auth.single_sign_on.provider import ProviderError
from accunode_auth.sso_connections import service as connections
from accunode_common.db.session import acting_as
from accunode_common.errors import BadRequestError
from accunode_common.http.trail import Origin
from accunode_common.log import get_logger

_REMEMBERED_SECONDS = 1200

logger = get_logger(__name__)


async def back_channel(app: Resources, tenant_id: UUID, text: str, origin: Origin) -> None:
    """End the sessions that a logout token names, at once and in every service.

    Raises:
        NotFoundError: The tenant has no single sign-on.
        BadRequestError: The token is not one of the tenant's provider, or came before.
    """
    context = connections.tenant_context(tenant_id)
    async with app.database.transaction(context) as session:
        connection = await connections.in_use(session, tenant_id)
    try:
        claims = await logout_claims(app.providers, connection.metadata, text, client_id=connection.row.client_id)
        if not await first_use(app.redis, tenant_id, claims["jti"], seconds=_REMEMBERED_SECONDS):
            raise ProviderError("its logout token came before")
    except ProviderError as error:
        logger.warning("back-channel logout refused", tenant_id=str(tenant_id), reason=str(error))
        await note_refusal(app, tenant_id, origin, str(error))
        raise BadRequestError("The logout token is not valid.") from None
    async with app.database.transaction(context) as session:
        found = await repository.sessions_of(
            session,
            tenant_id,
            connection.row.issuer,
            subject=claims.get("sub"),
            provider_session_id=claims.get("sid"),
        )
        await _end(session, app, tenant_id, {row.session_id: row.user_id for row in found}, origin)


async def end_all(session: AsyncSession, app: Resources, tenant_id: UUID) -> int:
    """End every session that the tenant's provider vouched for; gives how many."""
    found = await repository.vouched_since(session, tenant_id, datetime.now(UTC) - app.settings.sessions.lifetime)
    ended = 0
    for user_id, vouched in groupby(found, key=lambda row: row.user_id):
        async with acting_as(session, connections.tenant_context(tenant_id, user_id)):
            ids = {row.session_id for row in vouched}
            ended += await sessions.end_some(
                session, app.revocations, user_id, ids, sessions.EndReason.ENDED_BY_PROVIDER
            )
    return ended


async def _end(session: AsyncSession, app: Resources, tenant_id: UUID, found: dict[UUID, UUID], origin: Origin) -> None:
    for session_id, user_id in found.items():
        async with acting_as(session, connections.tenant_context(tenant_id, user_id)):
            await sessions.end(session, app.revocations, [session_id], sessions.EndReason.ENDED_BY_PROVIDER)
            details = {"session_id": str(session_id), "by": "provider"}
            await record(session, tenant_id, "session.end", user_id, origin, details)
