"""Who administers a tenant. A tenant that has administrators never loses the last one."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.ending import Ending
from accunode_common.auth.password_hashing import PasswordHashing
from accunode_common.db.locks import lock_members
from accunode_common.errors import AlreadyExistsError, ConflictError, NotFoundError, UnprocessableInputError
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder, paginate
from accunode_common.http.trail import Trail
from accunode_common.models.identity import Membership, UserStatus
from accunode_tenants.admins import repository
from accunode_tenants.admins.schemas import AdminIn, AdminOut
from accunode_tenants.people import service as people
from accunode_tenants.people.schemas import NewPerson

SORTING = Sorting({"since": Membership.created_at}, default="since", key=Membership.id)


async def list_page(
    session: AsyncSession, tenant_id: UUID, order: SortOrder, paging: PageParameters
) -> PageOf[Membership]:
    """The administrators of a tenant that the caller sees."""
    return await paginate(session, repository.listing(tenant_id), order, paging)


async def show(session: AsyncSession, memberships: Sequence[Membership]) -> list[AdminOut]:
    """The administrators as clients see them."""
    known = await people.find_all(session, {membership.user_id for membership in memberships})
    return [
        AdminOut(
            user_id=membership.user_id,
            email=known[membership.user_id].email,
            full_name=known[membership.user_id].full_name,
            status=UserStatus(known[membership.user_id].status),
            since=membership.created_at,
            last_sign_in_at=known[membership.user_id].last_sign_in_at,
        )
        for membership in memberships
    ]


async def create(
    session: AsyncSession, trail: Trail, passwords: PasswordHashing, tenant_id: UUID, new: NewPerson, *, pointer: str
) -> UUID:
    """Make an account that administers the tenant.

    Raises:
        AlreadyExistsError: The address has an account.
        UnprocessableInputError: The password contains the address.
    """
    user_id = await people.create(session, passwords, new, pointer=pointer)
    await _appoint(session, trail, tenant_id, user_id, new_account=True)
    return user_id


async def add(
    session: AsyncSession,
    trail: Trail,
    passwords: PasswordHashing,
    ending: Ending,
    tenant_id: UUID,
    body: AdminIn,
) -> Membership:
    """Make somebody an administrator of the tenant.

    Raises:
        AlreadyExistsError: They are one.
        UnprocessableInputError: A new account lacks a name or a password, or a known one was given them.
    """
    person = await people.find(session, body.email)
    if person is None:
        new = _new_person(body)
        user_id = await people.create(session, passwords, new, pointer="/body")
        return await _appoint(session, trail, tenant_id, user_id, new_account=True)
    if body.full_name is not None or body.password is not None:
        raise UnprocessableInputError.at(
            "/body/email", "known_person", "This person has an account: leave out the name and the password."
        )
    if await repository.find(session, tenant_id, person.id) is not None:
        raise AlreadyExistsError("They are an administrator of this tenant already.")
    await ending.user(session, person.id)
    return await _appoint(session, trail, tenant_id, person.id, new_account=False)


def _new_person(body: AdminIn) -> NewPerson:
    if body.full_name is None or body.password is None:
        field = "full_name" if body.full_name is None else "password"
        raise UnprocessableInputError.at(
            f"/body/{field}", "missing", "Nobody has an account under this address: a new one needs this."
        )
    return NewPerson(email=body.email, full_name=body.full_name, password=body.password)


async def _appoint(
    session: AsyncSession, trail: Trail, tenant_id: UUID, user_id: UUID, *, new_account: bool
) -> Membership:
    membership = await repository.add(session, tenant_id, user_id)
    await trail.record(
        session, "tenant_admin.add", "user", user_id, tenant_id=tenant_id, details={"new_account": new_account}
    )
    return membership


async def remove(session: AsyncSession, trail: Trail, ending: Ending, tenant_id: UUID, user_id: UUID) -> None:
    """End somebody's administration of the tenant; their sessions end at once.

    Raises:
        NotFoundError: They do not administer it.
        ConflictError: Nobody else who can sign in does.
    """
    await lock_members(session, tenant_id, None)
    membership = await repository.find(session, tenant_id, user_id)
    if membership is None:
        raise NotFoundError("This person does not administer the tenant.")
    if not await repository.others_who_can_sign_in(session, tenant_id, user_id):
        raise ConflictError("This is the tenant's last administrator; add another first.")
    await repository.remove(session, membership)
    await trail.record(session, "tenant_admin.remove", "user", user_id, tenant_id=tenant_id)
    await ending.user(session, user_id)
