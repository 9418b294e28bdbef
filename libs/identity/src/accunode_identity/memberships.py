"""How memberships begin, move, pause and end. The scope is held first: see `accunode_identity.role_scopes`."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.roles import Role, outranks
from accunode_common.errors import AlreadyExistsError, ConflictError, ForbiddenError, UnauthenticatedError
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.identity import Membership, MembershipStatus, User
from accunode_common.models.tenancy import WhitelistEntry
from accunode_identity import administrators, people
from accunode_identity.role_scopes import OpenScope, RoleScope


class NoSeatsError(ConflictError):
    """Every seat of the organization is taken."""

    code = "no_seats"
    title = "All seats are taken"


class HasRole(Protocol):
    """A membership, as it is stored or as a service shows it."""

    @property
    def role(self) -> str:
        """The role's name."""


MembershipT = TypeVar("MembershipT", bound=HasRole)


def given(held: Iterable[MembershipT]) -> list[MembershipT]:
    """The memberships that somebody gave, without the one that every account has."""
    return [membership for membership in held if outranks(Role(membership.role), Role.USER)]


async def of_person(session: AsyncSession, user_id: UUID) -> Sequence[Membership]:
    """The person's memberships that are in sight, oldest first; in their own transaction, all of them."""
    query = select(Membership).where(Membership.user_id == user_id).order_by(Membership.id)
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def count(session: AsyncSession, scope: RoleScope) -> int:
    """How many members the scope has in the transaction's sight; a suspended one keeps the seat."""
    statement = (
        select(func.count())
        .select_from(Membership)
        .where(
            Membership.tenant_id == scope.tenant_id,
            Membership.organization_id.is_not_distinct_from(scope.organization_id),
        )
    )
    return await session.scalar(statement) or 0


async def has_member(session: AsyncSession, scope: RoleScope, email_key: str) -> bool:
    """Whether somebody in sight of that address has joined the scope."""
    statement = (
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(
            User.email_key == email_key,
            Membership.role != Role.USER,
            Membership.tenant_id == scope.tenant_id,
            Membership.organization_id.is_not_distinct_from(scope.organization_id),
        )
    )
    return await session.scalar(statement) is not None


async def begin(
    session: AsyncSession, user_id: UUID, scope: OpenScope, role: Role, *, managed: bool = False
) -> Membership:
    """Make the transaction's person a member of a scope that is held; the context must see who else is.

    A person whom one tenant manages belongs to themselves again as soon as they join another.

    Args:
        managed: Whether the person accepted that the tenant manages the account; it does if they belong nowhere else.

    Raises:
        ForbiddenError: A platform administrator is no member of a tenant.
        AlreadyExistsError: They are a member.
        NoSeatsError: All seats are taken.
        ConflictError: They belong to tenants, and the role is the platform's.
        UnauthenticatedError: The account ended at the same moment.
    """
    # Where else they belong decides what comes of it, and may change at the same moment: each tenant has its own lock.
    if not await people.hold(session, user_id):
        raise UnauthenticatedError("The account is gone.")
    held = await of_person(session, user_id)
    joined = check_joining(held, scope, role)
    if role is Role.SUPER_ADMIN:
        await session.execute(delete(Membership).where(Membership.id.in_([membership.id for membership in held])))
    await need_seat(session, scope)
    membership = Membership(
        tenant_id=scope.tenant_id, id=new_id(), user_id=user_id, organization_id=scope.organization_id, role=role
    )
    session.add(membership)
    await session.flush()
    await _set_manager(session, user_id, scope, joined, managed=managed)
    return membership


def check_joining(held: Sequence[Membership], scope: RoleScope, role: Role) -> list[Membership]:
    """The memberships that somebody gave a person, who may take on the role in the scope beside them.

    Raises:
        ForbiddenError, AlreadyExistsError, ConflictError: See `begin`.
    """
    joined = given(held)
    if any(membership.tenant_id == PLATFORM_TENANT_ID for membership in joined):
        raise ForbiddenError("A platform administrator joins no tenant.")
    if role is Role.SUPER_ADMIN and joined:
        raise ConflictError("A platform administrator belongs to no tenant; leave yours first.")
    if any(
        (membership.tenant_id, membership.organization_id) == (scope.tenant_id, scope.organization_id)
        for membership in joined
    ):
        raise AlreadyExistsError("You are a member already.")
    return joined


async def need_seat(session: AsyncSession, scope: OpenScope) -> None:
    """Make sure that a scope that is held has room.

    Raises:
        NoSeatsError: All seats are taken.
    """
    if scope.seats is not None and not scope.has_room(await count(session, scope)):
        raise NoSeatsError(f"The organization has {scope.seats} seats, all taken.")


async def _set_manager(
    session: AsyncSession, user_id: UUID, scope: OpenScope, joined: Sequence[Membership], *, managed: bool
) -> None:
    if not joined or managed or belongs_elsewhere(joined, scope.tenant_id):
        await _change_manager(session, user_id, manager_after(joined, scope.tenant_id, managed=managed))


def belongs_elsewhere(joined: Sequence[Membership], tenant_id: UUID) -> bool:
    """Whether a person is a member of another tenant."""
    return any(membership.tenant_id != tenant_id for membership in joined)


def manager_after(joined: Sequence[Membership], tenant_id: UUID, *, managed: bool) -> UUID | None:
    """Which tenant manages an account whose owner joins one beside these: that one, if it is their only one."""
    return tenant_id if managed and not belongs_elsewhere(joined, tenant_id) else None


async def _change_manager(session: AsyncSession, user_id: UUID, manager: UUID | None) -> None:
    await session.execute(
        update(User)
        .where(User.id == user_id, User.managed_by_tenant_id.is_distinct_from(manager))
        .values(managed_by_tenant_id=manager, version=User.version + 1, updated_at=func.now())
    )


async def set_status(session: AsyncSession, membership: Membership, status: MembershipStatus) -> None:
    """Pause a membership, or go on with it.

    Raises:
        ConflictError: It has this status already.
    """
    if membership.status == status:
        raise ConflictError(f"The membership is {status} already.")
    membership.status = status
    membership.version += 1
    await session.flush()


async def suspend(session: AsyncSession, active: Sequence[Membership]) -> None:
    """Pause memberships. Tokens are the caller's to revoke.

    Raises:
        LastAdministratorError: A tenant would be left without an administrator.
    """
    await administrators.keep_one(session, active)
    for membership in active:
        await set_status(session, membership, MembershipStatus.SUSPENDED)


async def remove(session: AsyncSession, lost: Sequence[Membership], *, email_key: str | None) -> None:
    """End memberships as their administrator. Tokens are the caller's to revoke.

    Raises:
        LastAdministratorError: A tenant would be left without an administrator.
    """
    await administrators.keep_one(session, lost)
    await end(session, lost, email_key=email_key)


async def end(session: AsyncSession, memberships: Sequence[Membership], *, email_key: str | None) -> None:
    """End memberships, and take the address off the whitelists of their organizations.

    Whoever was removed so cannot come back with a join token from before.
    """
    for membership in memberships:
        await session.execute(
            delete(Membership).where(Membership.tenant_id == membership.tenant_id, Membership.id == membership.id)
        )
        await forget_address(session, RoleScope(membership.tenant_id, membership.organization_id), email_key)


async def give_role(session: AsyncSession, membership: Membership, role: Role) -> None:
    """Give a membership another role where it is. Tokens are the caller's to revoke."""
    membership.role = role
    membership.version += 1
    await session.flush()


async def move(session: AsyncSession, membership: Membership, scope: OpenScope, role: Role, email_key: str) -> None:
    """Give a membership another scope in its tenant, which is held, and a role there.

    Raises:
        AlreadyExistsError: The person is a member there.
        NoSeatsError: All seats there are taken.
    """
    if await has_member(session, scope, email_key):
        raise AlreadyExistsError("The person is a member there already.")
    await need_seat(session, scope)
    await forget_address(session, RoleScope(membership.tenant_id, membership.organization_id), email_key)
    membership.organization_id, membership.role = scope.organization_id, role
    membership.version += 1
    await session.flush()


async def forget_address(session: AsyncSession, scope: RoleScope, email_key: str | None) -> None:
    """Take an address off an organization's whitelist, if it is on it."""
    if scope.organization_id is not None and email_key is not None:
        await session.execute(
            delete(WhitelistEntry).where(
                WhitelistEntry.tenant_id == scope.tenant_id,
                WhitelistEntry.organization_id == scope.organization_id,
                WhitelistEntry.email_key == email_key,
            )
        )
