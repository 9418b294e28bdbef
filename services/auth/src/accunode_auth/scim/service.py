"""What a tenant's directory does with the tenant's people. It takes over no account, and gives no role of power."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from scim2_models import (
    Context,
    InvalidValueException,
    ListResponse,
    Meta,
    MutabilityException,
    NotFoundException,
    SearchRequest,
    UniquenessException,
)
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.resources import Resources
from accunode_auth.scim import account_lifecycle, repository
from accunode_auth.scim.filters import conditions
from accunode_auth.scim.protocol import require_match, version_of
from accunode_auth.scim.repository import Entry
from accunode_auth.scim.schemas import Email, Name, User, parse_user, patched
from accunode_auth.scim.trail import DirectoryTrail
from accunode_auth.scim_tokens.service import Directory, base_url
from accunode_auth.sso_connections import service as connections
from accunode_common.db.locks import lock_members
from accunode_common.emails import EmailAddress, email_key
from accunode_common.ids import new_id
from accunode_common.models.provisioning import ScimUser
from accunode_identity.invitation_mail import InvitationMailer

MOST_RESULTS = 200
_FARTHEST = 10_000_000
_ADDRESS: TypeAdapter[str] = TypeAdapter(EmailAddress)


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody as the directory is told."""

    user: User

    @property
    def headers(self) -> dict[str, str]:
        """Where it is, and which version this is."""
        meta = self.user.meta
        return {} if meta is None else {"ETag": str(meta.version), "Location": str(meta.location)}

    def body(self, context: Context = Context.RESOURCE_QUERY_RESPONSE, **only: Any) -> dict[str, Any]:
        """What the reply says."""
        return self.user.model_dump(scim_ctx=context, **only)


async def listing(
    app: Resources, directory: Directory, *, text: str | None, start: int, count: int
) -> ListResponse[User]:
    """One page of the tenant's people and of the addresses that are invited.

    Raises:
        InvalidFilterException: The filter is not one that is known.
    """
    wanted = [(condition.attribute, condition.value) for condition in conditions(text)]
    start = min(max(start, 1), _FARTHEST)
    limit = min(max(count, 0), MOST_RESULTS)
    async with app.database.transaction(connections.tenant_context(directory.tenant_id)) as session:
        found, total = await repository.find_all(session, directory.tenant_id, wanted, offset=start - 1, limit=limit)
    people = [shown(app, entry).user for entry in found]
    return ListResponse[User](total_results=total, start_index=start, items_per_page=len(people), resources=people)


async def search(app: Resources, directory: Directory, body: Mapping[str, Any]) -> dict[str, Any]:
    """List the people that a search in a body asks for.

    Raises:
        pydantic.ValidationError, SCIMException: It is no search, or has a filter that is not known.
    """
    asked = SearchRequest[User].model_validate(body, scim_ctx=Context.SEARCH_REQUEST)
    text, count = asked.filter, MOST_RESULTS if asked.count is None else asked.count
    found = await listing(app, directory, text=text, start=asked.start_index or 1, count=count)
    return found.model_dump(scim_ctx=Context.SEARCH_RESPONSE, response_parameters=asked)


async def read(app: Resources, directory: Directory, text: str) -> Shown:
    """One of the tenant's people, or an address that is invited.

    Raises:
        NotFoundException: The directory knows nobody of that id.
    """
    async with app.database.transaction(connections.tenant_context(directory.tenant_id)) as session:
        return shown(app, await _find(session, directory, text))


async def create(
    app: Resources,
    directory: Directory,
    trail: DirectoryTrail,
    mails: InvitationMailer,
    body: Mapping[str, Any],
) -> Shown:
    """Add somebody: with an account that the tenant manages where it may make one, else by an invitation.

    Raises:
        pydantic.ValidationError, SCIMException: The description cannot be used, or somebody has the address.
        ConflictError: There is no room, or the token's organization is not in use.
    """
    wanted = parse_user(body)
    email = _address(wanted.user_name)
    async with app.database.transaction(connections.tenant_context(directory.tenant_id)) as session:
        scope = await account_lifecycle.hold_scope(session, directory)
        if (await repository.find_all(session, directory.tenant_id, [("userName", email)], offset=0, limit=1))[1]:
            raise UniquenessException(detail="Somebody has this userName already.")
        await repository.forget_address(session, directory.tenant_id, email_key(email))
        user_id = None
        if await connections.owns_domain_of(session, directory.tenant_id, email_key(email)):
            user_id = await account_lifecycle.add_managed(session, directory, trail, scope, email)
        row = ScimUser(
            tenant_id=directory.tenant_id,
            id=user_id or new_id(),
            user_id=user_id,
            email=email,
            email_key=email_key(email),
            name={},
        )
        await repository.save(session, row)
        entry = await _find(session, directory, str(row.id))
        await _apply(session, app, directory, trail, mails, entry, wanted, active=wanted.active is not False)
        return shown(app, await _find(session, directory, str(row.id)))


async def replace(
    app: Resources,
    directory: Directory,
    trail: DirectoryTrail,
    mails: InvitationMailer,
    text: str,
    if_match: str | None,
    body: Mapping[str, Any],
) -> Shown:
    """Take what the directory says of somebody as the whole truth.

    Raises:
        pydantic.ValidationError, SCIMException: The description cannot be used, or nobody has the id.
        ConflictError: The person is the last administrator.
    """
    wanted = parse_user(body)
    return await _change(app, directory, trail, mails, text, if_match, lambda _: wanted)


async def patch(
    app: Resources,
    directory: Directory,
    trail: DirectoryTrail,
    mails: InvitationMailer,
    text: str,
    if_match: str | None,
    body: Mapping[str, Any],
) -> Shown:
    """Change some of what the directory says of somebody.

    Raises:
        pydantic.ValidationError, SCIMException: The operations cannot be applied, or nobody has the id.
        ConflictError: The person is the last administrator.
    """
    return await _change(app, directory, trail, mails, text, if_match, lambda user: patched(user, body))


async def remove(app: Resources, directory: Directory, trail: DirectoryTrail, text: str, if_match: str | None) -> None:
    """Remove somebody from the tenant; an account that the tenant manages ends with that.

    Raises:
        NotFoundException: The directory knows nobody of that id.
        LastAdministratorError: The person is the last administrator.
    """
    async with app.database.transaction(connections.tenant_context(directory.tenant_id)) as session:
        entry = await _held(session, app, directory, text, if_match)
        await repository.forget(session, directory.tenant_id, entry)
        await account_lifecycle.remove(session, app, directory, trail, entry)


async def _change(
    app: Resources,
    directory: Directory,
    trail: DirectoryTrail,
    mails: InvitationMailer,
    text: str,
    if_match: str | None,
    make: Callable[[User], User],
) -> Shown:
    async with app.database.transaction(connections.tenant_context(directory.tenant_id)) as session:
        entry = await _held(session, app, directory, text, if_match)
        wanted = make(shown(app, entry).user)
        if email_key(wanted.user_name or "") != email_key(entry.email):
            raise MutabilityException(detail="userName does not change: an address is its owner's to change.")
        active = entry.active or entry.invited if wanted.active is None else wanted.active
        await _apply(session, app, directory, trail, mails, entry, wanted, active=active)
        return shown(app, await _find(session, directory, text))


async def _held(session: AsyncSession, app: Resources, directory: Directory, text: str, if_match: str | None) -> Entry:
    await lock_members(session, directory.tenant_id)
    entry = await _find(session, directory, text)
    require_match(shown(app, entry).headers["ETag"], if_match)
    return entry


async def _apply(
    session: AsyncSession,
    app: Resources,
    directory: Directory,
    trail: DirectoryTrail,
    mails: InvitationMailer,
    entry: Entry,
    wanted: User,
    *,
    active: bool,
) -> None:
    row = await _keep_words(session, directory, entry, wanted)
    if entry.user_id is not None:
        name = _full_name(row)
        if entry.managed and name:
            await account_lifecycle.rename(session, directory, trail, entry.user_id, name)
        # Who is active stays so, and with them what an administrator suspended of their memberships.
        if not (active and entry.active):
            await account_lifecycle.set_active(session, app, directory, trail, entry.user_id, active=active)
    elif active and not entry.invited and not entry.declined:
        await account_lifecycle.invite(session, directory, trail, mails, row)
    elif not active and entry.invited:
        await account_lifecycle.withdraw(session, directory, trail, entry)


async def _keep_words(session: AsyncSession, directory: Directory, entry: Entry, wanted: User) -> ScimUser:
    row = await repository.row(session, directory.tenant_id, entry.row_id) if entry.row_id else None
    if row is None:
        row = ScimUser(
            tenant_id=directory.tenant_id,
            id=entry.id,
            user_id=entry.user_id,
            email=entry.email,
            email_key=email_key(entry.email),
        )
    row.external_id = wanted.external_id
    row.display_name = wanted.display_name
    row.name = {} if wanted.name is None else wanted.name.model_dump(exclude_none=True)
    await repository.save(session, row)
    return row


def _full_name(row: ScimUser) -> str:
    name = Name.model_validate(row.name)
    parts = " ".join(part for part in (name.given_name, name.family_name) if part)
    return (row.display_name or name.formatted or parts)[:200].strip()


async def _find(session: AsyncSession, directory: Directory, text: str) -> Entry:
    try:
        found = await repository.find(session, directory.tenant_id, UUID(text))
    except ValueError:
        found = None
    if found is None:
        raise NotFoundException(detail="The directory has nobody of that id.")
    return found


def _address(text: str | None) -> str:
    try:
        return _ADDRESS.validate_python(text)
    except ValidationError:
        raise InvalidValueException(detail="userName must be the person's e-mail address.") from None


def shown(app: Resources, entry: Entry) -> Shown:
    """Somebody as the directory is told."""
    user = User(
        id=str(entry.id),
        external_id=entry.external_id,
        user_name=entry.email,
        display_name=entry.display_name if entry.row_id else entry.full_name or None,
        name=Name.model_validate(entry.name) if entry.name else None,
        emails=[Email(value=entry.email, type="work", primary=True)],
        active=entry.active,
    )
    user.meta = Meta(
        resource_type="User",
        created=entry.created_at,
        last_modified=entry.updated_at,
        location=f"{base_url(app)}/Users/{entry.id}",
        version=version_of(user),
    )
    return Shown(user)
