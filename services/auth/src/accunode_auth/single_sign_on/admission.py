"""Who people are to a tenant's provider, and what the tenant's trail holds of it."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.resources import Resources
from accunode_auth.single_sign_on import repository
from accunode_auth.sso_connections import service as connections
from accunode_common import audit
from accunode_common.http.trail import Origin
from accunode_common.ids import new_id
from accunode_common.models.federation import FederatedIdentity, SsoConnection


async def add_identity(
    session: AsyncSession, connection: SsoConnection, subject: str, user_id: UUID, origin: Origin, *, how: str
) -> FederatedIdentity:
    """Note who a person is to the tenant's provider. The context must be the tenant's, and the person's."""
    row = FederatedIdentity(
        tenant_id=connection.tenant_id, id=new_id(), issuer=connection.issuer, subject=subject, user_id=user_id
    )
    await repository.add_identity(session, row)
    await record(
        session, connection.tenant_id, "sso_identity.link", user_id, origin, {"issuer": row.issuer, "how": how}
    )
    return row


async def note_refusal(app: Resources, tenant_id: UUID, origin: Origin, reason: str) -> None:
    """Tell the tenant's trail that somebody was not let in."""
    async with app.database.transaction(connections.tenant_context(tenant_id)) as session:
        await record(session, tenant_id, "sso.refuse", None, origin, {"reason": reason[:500]})


async def record(
    session: AsyncSession,
    tenant_id: UUID,
    action: str,
    user_id: UUID | None,
    origin: Origin,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add an event about a person to the tenant's trail; nobody is signed in, so the provider is the cause."""
    await audit.record(
        session,
        origin.entry(
            action, "user" if user_id else "sso_connection", user_id or tenant_id, tenant_id=tenant_id, details=details
        ),
    )
