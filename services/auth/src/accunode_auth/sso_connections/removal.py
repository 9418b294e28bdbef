"""Taking a tenant's provider away, and with it the sessions that it vouched for."""

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.resources import Resources
from accunode_auth.single_sign_on import logout
from accunode_auth.sso_connections import repository
from accunode_common.auth.subject import Subject
from accunode_common.errors import NotFoundError
from accunode_common.http.trail import Trail


async def remove(session: AsyncSession, app: Resources, subject: Subject, trail: Trail) -> None:
    """Remove the connection of the caller's tenant, and end the sessions that its provider vouched for.

    Raises:
        NotFoundError: There is none.
    """
    # Signing in holds the connection, so that no session begins between this and their end.
    if not await repository.remove_connection(session, subject.tenant_id):
        raise NotFoundError("The tenant has no single sign-on.")
    details = {"sessions": await logout.end_all(session, app, subject.tenant_id)}
    await trail.record(session, "sso_connection.delete", "sso_connection", subject.tenant_id, details=details)
