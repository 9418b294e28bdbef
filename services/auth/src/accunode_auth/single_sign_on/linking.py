"""Linking one's account with a provider account, by its owner who is signed in."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.memberships import service as memberships
from accunode_auth.resources import Resources
from accunode_auth.sessions import service as sessions
from accunode_auth.single_sign_on import admission, repository, service
from accunode_auth.single_sign_on.pending import Ticket, take
from accunode_auth.sso_connections import service as connections
from accunode_common.auth.subject import Subject
from accunode_common.db.session import acting_as
from accunode_common.errors import AlreadyExistsError, ForbiddenError, GoneError, NotFoundError
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Origin, Trail
from accunode_common.models.federation import FederatedIdentity

SORTING = Sorting({"created_at": FederatedIdentity.id}, default="-created_at", key=FederatedIdentity.id)


async def start(app: Resources, subject: Subject) -> service.Departure:
    """Send the caller to the provider of the tenant they work in.

    Raises:
        NotFoundError: The tenant has none, or it is off.
    """
    return await service.start(app, subject.tenant_id, redirect=None, link_user_id=subject.user_id)


async def complete(
    session: AsyncSession, app: Resources, subject: Subject, code: str, binding: str, origin: Origin
) -> FederatedIdentity:
    """Link the caller's account with the provider account that they signed in to.

    Raises:
        GoneError: The code is not good, or somebody else's.
        ForbiddenError: The caller is no member of the provider's tenant.
        AlreadyExistsError: The provider account is linked to somebody else.
    """
    ticket = await take(app.redis, Ticket, code)
    if ticket is None or not ticket.bound_to(binding) or ticket.link_user_id != subject.user_id:
        raise GoneError("The code is not valid, or no longer; begin anew.")
    held = await memberships.active_memberships(session, subject.user_id)
    if not any(membership.tenant_id == ticket.tenant_id for membership in held):
        raise ForbiddenError("You are no member of the provider's tenant.")
    async with acting_as(session, connections.tenant_context(ticket.tenant_id, subject.user_id)):
        connection = (await connections.in_use(session, ticket.tenant_id)).row
        found = await repository.identity(session, ticket.tenant_id, connection.issuer, ticket.claims["sub"])
        if found is None:
            return await admission.add_identity(
                session, connection, ticket.claims["sub"], subject.user_id, origin, how="by its owner"
            )
    if found.user_id != subject.user_id:
        raise AlreadyExistsError("The provider's account is linked to another account here.")
    return found


async def identities(
    session: AsyncSession, subject: Subject, order: SortOrder, paging: PageParameters
) -> PageOf[FederatedIdentity]:
    """Who the caller is to the providers of their tenants."""
    return await repository.page(session, subject.user_id, order, paging)


async def unlink(session: AsyncSession, app: Resources, subject: Subject, trail: Trail, identity_id: UUID) -> None:
    """Remove one of the caller's identities, and end the sessions that it vouched for.

    Raises:
        NotFoundError: The caller has no such identity.
    """
    row = await repository.unlink(session, subject.user_id, identity_id)
    if row is None:
        raise NotFoundError("You have no such identity.")
    await trail.record(session, "sso_identity.unlink", "user", subject.user_id)
    for vouched in await repository.sessions_of(session, row.tenant_id, row.issuer, subject=row.subject):
        if vouched.user_id == subject.user_id:
            await sessions.end(session, app.revocations, [vouched.session_id], sessions.EndReason.ENDED_ELSEWHERE)
