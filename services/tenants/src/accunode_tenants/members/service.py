"""Who belongs to an organization. Whoever loses a membership loses its power at once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.ending import Ending
from accunode_common.auth.roles import Role, may_assign
from accunode_common.auth.subject import Subject
from accunode_common.db.locks import lock_members
from accunode_common.errors import AlreadyExistsError, ConflictError, ForbiddenError, NotFoundError
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder, paginate
from accunode_common.http.trail import Trail
from accunode_common.models.identity import Membership, RoleName, UserStatus
from accunode_common.models.tenancy import Organization
from accunode_tenants.members import repository
from accunode_tenants.members.schemas import MemberIn, MemberOut
from accunode_tenants.people import service as people
from accunode_tenants.whitelist import service as whitelist

SORTING = Sorting({"joined_at": Membership.created_at}, default="joined_at", key=Membership.id)


class NoSeatsError(ConflictError):
    """Every seat of the organization is taken."""

    code = "no_seats"
    title = "All seats are taken"


async def list_page(
    session: AsyncSession, organization: Organization, order: SortOrder, paging: PageParameters, *, role: str | None
) -> PageOf[Membership]:
    """The organization's members."""
    return await paginate(session, repository.listing(organization, role=role), order, paging)


async def show(session: AsyncSession, memberships: Sequence[Membership]) -> list[MemberOut]:
    """The members as clients see them."""
    known = await people.find_all(session, {membership.user_id for membership in memberships})
    return [
        MemberOut(
            user_id=person.id,
            membership_id=membership.id,
            email=person.email,
            full_name=person.full_name,
            role=RoleName(membership.role),
            status=UserStatus(person.status),
            joined_at=membership.created_at,
            last_sign_in_at=person.last_sign_in_at,
        )
        for membership in memberships
        for person in (known[membership.user_id],)
    ]


async def count(session: AsyncSession, organization: Organization) -> int:
    """How many members the organization has."""
    return await repository.count(session, organization)


async def add(
    session: AsyncSession, subject: Subject, trail: Trail, organization: Organization, body: MemberIn
) -> Membership | None:
    """Make somebody in the caller's sight a member; anybody else is invited, and None is given.

    An address that nobody has and one that another tenant's person has get the same reply.

    Raises:
        ForbiddenError: The role is above the caller's.
        AlreadyExistsError: They are a member.
        NoSeatsError: All seats are taken.
    """
    if not may_assign(subject.role, Role(body.role)):
        raise ForbiddenError("Nobody gives a role above their own.")
    person = await people.find(session, body.email)
    if person is None or person.status != UserStatus.ACTIVE:
        await whitelist.add(session, subject, trail, organization, [body.email])
        return None
    membership = await enrol(session, organization, person.id, body.role)
    await trail.record(
        session,
        "member.add",
        "user",
        person.id,
        tenant_id=organization.tenant_id,
        details={"organization_id": str(organization.id), "role": body.role},
    )
    return membership


async def enrol(session: AsyncSession, organization: Organization, user_id: UUID, role: str) -> Membership:
    """Give a person one of the organization's seats.

    Raises:
        AlreadyExistsError: They have one.
        NoSeatsError: All are taken.
    """
    await lock_members(session, organization.tenant_id, organization.id)
    if await repository.find(session, organization, user_id) is not None:
        raise AlreadyExistsError("This person is a member already.")
    if await repository.count(session, organization) >= organization.max_users:
        raise NoSeatsError(f"The organization has {organization.max_users} seats, all taken.")
    membership = await repository.add(session, organization, user_id, role)
    if membership is None:
        raise AlreadyExistsError("This person is a member already.")
    return membership


async def remove(
    session: AsyncSession, trail: Trail, ending: Ending, organization: Organization, user_id: UUID
) -> None:
    """End somebody's membership, at once, and take them off the whitelist so that the join token does not undo it.

    Raises:
        NotFoundError: They are no member.
    """
    await lock_members(session, organization.tenant_id, organization.id)
    known = await people.find_all(session, [user_id])
    if not await repository.remove(session, organization, user_id):
        raise NotFoundError("This person is no member of the organization.")
    if user_id in known:
        await whitelist.discard(session, organization, known[user_id].email_key)
    await trail.record(
        session,
        "member.remove",
        "user",
        user_id,
        tenant_id=organization.tenant_id,
        details={"organization_id": str(organization.id)},
    )
    await ending.user(session, user_id)


async def remove_all(session: AsyncSession, ending: Ending, organization: Organization) -> int:
    """End every membership in the organization, at once; how many there were."""
    removed = await repository.remove_all(session, organization)
    await ending.user(session, *removed)
    return len(removed)
