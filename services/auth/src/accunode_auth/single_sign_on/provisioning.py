"""Whom a provider lets in: people who are linked, and new people of its tenant's own mail domains.

It never takes over somebody's account, and decides the memberships of accounts that its tenant manages only.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.accounts import service as accounts
from accunode_auth.registration import service as registration
from accunode_auth.resources import Resources
from accunode_auth.sign_in import service as sign_in
from accunode_auth.single_sign_on import people, repository
from accunode_auth.single_sign_on.admission import add_identity, record
from accunode_auth.sso_connections import service as connections
from accunode_common.auth.revocation import Revocations
from accunode_common.db.locks import lock_members
from accunode_common.db.session import AccessContext, acting_as
from accunode_common.emails import EmailAddress, email_key
from accunode_common.errors import ForbiddenError
from accunode_common.http.trail import Origin
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.log import get_logger
from accunode_common.models.federation import FederatedIdentity, SsoConnection
from accunode_common.models.identity import UserStatus
from accunode_identity import people as accounts_in_sight
from accunode_identity import provisioning
from accunode_identity.people import Person
from accunode_identity.session_revocation import revoke_member

_UNKNOWN = (
    "The provider's account is not linked to one here. If you have an account, sign in to it and link it; "
    "else ask your administrator."
)
_NOT_OURS = (
    "The provider does not say that your address is verified, or its domain is not confirmed for the tenant; "
    "ask your administrator."
)
_NOWHERE = "What the provider says of you leads to no place that is in use and has a seat; ask your administrator."
_REMOVED = "An administrator ended your membership; ask for an invitation."

_address = TypeAdapter[str](EmailAddress)
logger = get_logger(__name__)


async def admit(app: Resources, tenant_id: UUID, claims: Mapping[str, Any], origin: Origin) -> FederatedIdentity:
    """The person whom the tenant's provider vouched for, with the memberships that the claims give.

    It has a transaction of its own: what the claims take away is gone even if that lets nobody in.

    Raises:
        NotFoundError: The tenant has no connection, or it is off.
        ForbiddenError: The provider may not sign the person in.
    """
    async with app.database.transaction(connections.tenant_context(tenant_id)) as session:
        await lock_members(session, tenant_id)
        connection = (await connections.in_use(session, tenant_id, hold=True)).row
        known = await repository.identity(session, tenant_id, connection.issuer, claims["sub"])
        identity = known or await _join(session, connection, claims, origin)
        async with acting_as(session, connections.tenant_context(tenant_id, identity.user_id)):
            somewhere = await _follow(session, app.revocations, connection, identity, claims, origin, new=known is None)
        if known is None and not somewhere:
            raise ForbiddenError(_NOWHERE)
    if not somewhere:
        raise ForbiddenError(_NOWHERE)
    return identity


async def _join(
    session: AsyncSession, connection: SsoConnection, claims: Mapping[str, Any], origin: Origin
) -> FederatedIdentity:
    """Whom the provider vouched for the first time: a new account, or one that the tenant manages already.

    Raises:
        ForbiddenError: The address is not the tenant's to vouch for, or somebody else's.
    """
    address = await _own_address(session, connection, claims)
    if await sign_in.candidate(session, email_key(address)) is not None:
        how, user_id = "by its address", await _managed(session, connection, address)
    elif connection.just_in_time:
        how, user_id = "just in time", await _make(session, connection, address, people.display_name(claims))
    else:
        raise ForbiddenError(_UNKNOWN)
    async with acting_as(session, connections.tenant_context(connection.tenant_id, user_id)):
        return await add_identity(session, connection, claims["sub"], user_id, origin, how=how)


async def _own_address(session: AsyncSession, connection: SsoConnection, claims: Mapping[str, Any]) -> str:
    refusal = _NOT_OURS if connection.just_in_time else _UNKNOWN
    try:
        address = _address.validate_python(people.verified_address(connection, claims))
    except ValidationError:
        raise ForbiddenError(refusal) from None
    if not await connections.owns_domain_of(session, connection.tenant_id, email_key(address)):
        raise ForbiddenError(refusal)
    return address


async def _make(session: AsyncSession, connection: SsoConnection, address: str, full_name: str) -> UUID:
    user_id = new_id()
    async with acting_as(session, AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)):
        if not await registration.add_account(session, user_id, address):
            raise ForbiddenError(_UNKNOWN)
        await accounts.make_managed(session, user_id, connection.tenant_id, full_name=full_name)
    return user_id


async def _managed(session: AsyncSession, connection: SsoConnection, address: str) -> UUID:
    """The tenant's own account of that address, which its provider does not know as somebody else."""
    person = await accounts_in_sight.find_by_email(session, address)
    if (
        person is None
        or not _manages(connection, person)
        or await repository.known_as_another(session, connection.tenant_id, connection.issuer, person.id)
    ):
        raise ForbiddenError(_UNKNOWN)
    return person.id


def _manages(connection: SsoConnection, person: Person) -> bool:
    """Whether the account is the tenant's to manage, and in use."""
    return (
        person.managed_by_tenant_id == connection.tenant_id
        and person.email_verified_at is not None
        and person.status == UserStatus.ACTIVE
    )


async def _follow(
    session: AsyncSession,
    revocations: Revocations,
    connection: SsoConnection,
    identity: FederatedIdentity,
    claims: Mapping[str, Any],
    origin: Origin,
    *,
    new: bool,
) -> bool:
    """Let the memberships of the transaction's person be as the claims say; gives whether they have any.

    Others' memberships stay.

    Raises:
        ForbiddenError: An administrator ended the last one.
    """
    tenant_id, user_id, now = connection.tenant_id, identity.user_id, datetime.now(UTC)
    person = await accounts_in_sight.find(session, user_id)
    if person is None or not connection.just_in_time or not _manages(connection, person):
        await repository.note_use(session, identity, at=now, withdrawn=False)
        return True
    if not new and identity.withdrawn_at is None and not await provisioning.joined(session, user_id, tenant_id):
        raise ForbiddenError(_REMOVED)
    changes = await provisioning.follow(session, person, tenant_id, people.places(connection, claims))
    somewhere = bool(await provisioning.joined(session, user_id, tenant_id))
    await repository.note_use(session, identity, at=now, withdrawn=not somewhere)
    if told := changes.told():
        logger.info("memberships follow the provider", tenant_id=str(tenant_id), user_id=str(user_id), **told)
        await record(session, tenant_id, "sso.follow", user_id, origin, told)
    if changes.took_power:
        await revoke_member(session, revocations, tenant_id, user_id)
    return somewhere
