"""A tenant's organizations as groups: a directory says who belongs to them, and makes nobody their administrator."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from scim2_models import (
    Context,
    ForbiddenException,
    InvalidValueException,
    ListResponse,
    Meta,
    NotFoundException,
    NotImplementedException,
)
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.resources import Resources
from accunode_auth.scim import account_lifecycle, repository
from accunode_auth.scim.filters import group_conditions
from accunode_auth.scim.protocol import require_match, version_of
from accunode_auth.scim.repository import Entry
from accunode_auth.scim.schemas import Group, Member, parse_group, patched_group
from accunode_auth.scim.service import MOST_RESULTS
from accunode_auth.scim.trail import DirectoryTrail
from accunode_auth.scim_tokens.service import Directory, base_url
from accunode_auth.sso_connections.service import tenant_context
from accunode_common.models.identity import Membership
from accunode_common.models.tenancy import Organization
from accunode_identity import role_scopes
from accunode_identity.role_scopes import OpenScope, RoleScope
from accunode_identity.session_revocation import revoke_member

_FARTHEST = 10_000_000
_Members = Sequence[tuple[Entry, Membership]]


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """An organization as the directory is told."""

    group: Group

    @property
    def headers(self) -> dict[str, str]:
        """Where it is, and which version this is."""
        meta = self.group.meta
        return {} if meta is None else {"ETag": str(meta.version), "Location": str(meta.location)}

    def body(self, context: Context = Context.RESOURCE_QUERY_RESPONSE, **only: Any) -> dict[str, Any]:
        """What the reply says."""
        return self.group.model_dump(scim_ctx=context, **only)


async def listing(
    app: Resources, directory: Directory, *, text: str | None, start: int, count: int
) -> ListResponse[Group]:
    """One page of the tenant's organizations.

    Raises:
        InvalidFilterException: The filter is not one that is known.
    """
    wanted = group_conditions(text)
    start, limit = min(max(start, 1), _FARTHEST), min(max(count, 0), MOST_RESULTS)
    async with app.database.transaction(tenant_context(directory.tenant_id)) as session:
        found, total = await repository.organizations(
            session, directory.tenant_id, wanted, offset=start - 1, limit=limit
        )
        held: dict[UUID | None, list[tuple[Entry, Membership]]] = defaultdict(list)
        for entry, membership in await repository.members(session, directory.tenant_id, [each.id for each in found]):
            held[membership.organization_id].append((entry, membership))
        groups = [_shown(app, each, held[each.id]).group for each in found]
    return ListResponse[Group](total_results=total, start_index=start, items_per_page=len(groups), resources=groups)


async def read(app: Resources, directory: Directory, text: str) -> ShownGroup:
    """One of the tenant's organizations.

    Raises:
        NotFoundException: The tenant has none of that id.
    """
    async with app.database.transaction(tenant_context(directory.tenant_id)) as session:
        return await _read(session, app, directory, text)


async def replace(
    app: Resources,
    directory: Directory,
    trail: DirectoryTrail,
    text: str,
    if_match: str | None,
    body: Mapping[str, Any],
) -> ShownGroup:
    """Take the directory's list of members as the whole truth.

    Raises:
        SCIMException: The list cannot be used, or the tenant has no such organization.
        ConflictError: There is no room, or somebody who is left out administers the organization.
    """
    wanted = parse_group(body)
    return await _change(app, directory, trail, text, if_match, lambda _: wanted)


async def patch(
    app: Resources,
    directory: Directory,
    trail: DirectoryTrail,
    text: str,
    if_match: str | None,
    body: Mapping[str, Any],
) -> ShownGroup:
    """Add and remove members.

    Raises:
        SCIMException: The operations cannot be applied, or the tenant has no such organization.
        ConflictError: There is no room, or somebody who is removed administers the organization.
    """
    return await _change(app, directory, trail, text, if_match, lambda group: patched_group(group, body))


def refuse_making() -> NoReturn:
    """Say that organizations are not a directory's to make.

    Raises:
        NotImplementedException: Always.
    """
    raise NotImplementedException(detail="Organizations are made in AccuNode.")


def refuse_deleting() -> NoReturn:
    """Say that organizations are not a directory's to delete.

    Raises:
        ForbiddenException: Always.
    """
    raise ForbiddenException(detail="Organizations are made and deleted in AccuNode.")


async def _change(
    app: Resources,
    directory: Directory,
    trail: DirectoryTrail,
    text: str,
    if_match: str | None,
    make: Callable[[Group], Group],
) -> ShownGroup:
    async with app.database.transaction(tenant_context(directory.tenant_id)) as session:
        scope = await role_scopes.hold(session, RoleScope(directory.tenant_id, _id(text)))
        before = await _read(session, app, directory, text)
        if scope is None:
            raise _missing()
        require_match(before.headers["ETag"], if_match)
        wanted = make(before.group.model_copy(deep=True))
        left = await _set_members(
            session, directory, trail, scope, {(each.value or "").lower() for each in wanted.members or ()}
        )
        after = await _read(session, app, directory, text)
        await revoke_member(session, app.revocations, directory.tenant_id, *left)
    return after


async def _set_members(
    session: AsyncSession, directory: Directory, trail: DirectoryTrail, scope: OpenScope, wanted: set[str]
) -> list[UUID]:
    """Make the members those that are wanted; gives who was removed."""
    held = await repository.members(session, directory.tenant_id, [_id(str(scope.organization_id))])
    coming = sorted(wanted - {str(entry.id) for entry, _ in held})
    joining = [await _person(session, directory, value) for value in coming]
    leaving = [(entry, membership) for entry, membership in held if str(entry.id) not in wanted]
    await account_lifecycle.leave(session, trail, leaving)
    for entry in joining:
        await account_lifecycle.join(session, directory, trail, entry, scope)
    return [membership.user_id for _, membership in leaving]


async def _person(session: AsyncSession, directory: Directory, value: str) -> Entry:
    try:
        found = await repository.find(session, directory.tenant_id, UUID(value))
    except ValueError:
        found = None
    if found is None or found.user_id is None or not found.managed:
        raise InvalidValueException(detail="A member is somebody whose account the tenant manages; invite the others.")
    return found


async def _read(session: AsyncSession, app: Resources, directory: Directory, text: str) -> ShownGroup:
    found, _ = await repository.organizations(session, directory.tenant_id, [("id", text)], offset=0, limit=1)
    if not found:
        raise _missing()
    return _shown(app, found[0], await repository.members(session, directory.tenant_id, [found[0].id]))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _missing() from None


def _missing() -> NotFoundException:
    return NotFoundException(detail="The tenant has no organization of that id.")


def _shown(app: Resources, organization: Organization, held: _Members) -> ShownGroup:
    members = [
        Member.model_validate(
            {
                "value": str(entry.id),
                "$ref": f"{base_url(app)}/Users/{entry.id}",
                "display": entry.display_name or entry.full_name or entry.email,
            }
        )
        for entry, _ in held
    ]
    group = Group(id=str(organization.id), display_name=organization.name, members=members or None)
    group.meta = Meta(
        resource_type="Group",
        created=organization.created_at,
        last_modified=organization.updated_at,
        location=f"{base_url(app)}/Groups/{organization.id}",
        version=version_of(group),
    )
    return ShownGroup(group)
