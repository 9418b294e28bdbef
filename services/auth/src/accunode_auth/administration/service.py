"""What administrators do with people in their reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.administration import repository
from accunode_auth.administration.places import Place, guard_last_admin, place_for, take_seat
from accunode_auth.administration.schemas import RoleChange, UserIn
from accunode_auth.mail import Mail
from accunode_auth.memberships import service as memberships
from accunode_auth.parts import Parts
from accunode_auth.registration import service as registration
from accunode_auth.sessions import service as sessions
from accunode_auth.sign_in import service as sign_in
from accunode_common.auth.ending import Ending
from accunode_common.auth.roles import GRANTS, Role
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, set_context
from accunode_common.errors import AlreadyExistsError, ConflictError, ForbiddenError, NotFoundError
from accunode_common.http.conditional import Conditional
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder, paginate
from accunode_common.http.resources import Resources
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.identity import Membership, TokenPurpose, User, UserStatus

INVITATION_LIFETIME = timedelta(days=3)
SORTING = Sorting({"email": User.email_key, "created_at": User.created_at}, default="email", key=User.id)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the caller's reach, with the memberships that are."""

    user: User
    memberships: Sequence[Membership]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which people are asked for; None asks for all."""

    search: str | None
    role: str | None
    status: str | None
    organization_id: UUID | None
    tenant_id: UUID | None


async def people(
    db: AsyncSession, filters: Filters, order: SortOrder, page: PageParameters
) -> tuple[PageOf[User], dict[UUID, list[Membership]]]:
    """The people in the caller's reach who fit, and their memberships in reach."""
    statement = repository.people(
        search=filters.search,
        role=filters.role,
        status=filters.status,
        organization_id=filters.organization_id,
        tenant_id=filters.tenant_id,
    )
    found = await paginate(db, statement, order, page)
    return found, await repository.memberships(db, [user.id for user in found.rows])


async def person(db: AsyncSession, user_id: UUID, *, lock: bool = False) -> Person:
    """Somebody in the caller's reach.

    Raises:
        NotFoundError: Nobody in reach has that id.
    """
    user = await repository.find(db, user_id, lock=lock)
    held = (await repository.memberships(db, [user_id]))[user_id]
    if user is None or not held:
        raise NotFoundError("There is no such person.")
    return Person(user, held)


async def _subordinate(db: AsyncSession, subject: Subject, user_id: UUID) -> Person:
    """Somebody whom the caller may manage: in reach, not above the caller, and not the caller.

    Raises:
        NotFoundError: Nobody in reach has that id.
        ForbiddenError: The person is the caller, or has a higher role.
    """
    found = await person(db, user_id, lock=True)
    if user_id == subject.user_id:
        raise ForbiddenError("Ask another administrator to do this with your own account.")
    if any(GRANTS[Role(held.role)].rank > GRANTS[subject.role].rank for held in found.memberships):
        raise ForbiddenError("The person has a role above yours.")
    return found


async def create(
    db: AsyncSession, app: Resources, parts: Parts, subject: Subject, body: UserIn
) -> tuple[Person, Membership, Mail]:
    """Give somebody a membership, and an account if they have none; they get the mail that is returned.

    Raises:
        ForbiddenError, NotFoundError, UnprocessableInputError: The role cannot be given there by the caller.
        AlreadyExistsError: The person is a member already.
        ConflictError: There is no room.
    """
    place = place_for(subject, body.role, tenant_id=body.tenant_id, organization_id=body.organization_id)
    await take_seat(db, place)
    known = await sign_in.find(app, body.email)
    if known is None:
        user_id, mail = await _invite(db, parts, subject, body)
    else:
        user_id = known.id
        held = (await repository.memberships(db, [user_id]))[user_id]
        if any((m.tenant_id, m.organization_id) == (place.tenant_id, place.organization_id) for m in held):
            raise AlreadyExistsError("The person is a member already.")
        mail = _joined_mail(body.email)
    membership = _membership(user_id, place, body.role)
    db.add(membership)
    await db.flush()
    await app.ending.user(db, user_id)
    return await person(db, user_id), membership, mail


async def _invite(db: AsyncSession, parts: Parts, subject: Subject, body: UserIn) -> tuple[UUID, Mail]:
    user_id = new_id()
    await set_context(db, AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id))
    added = await registration.add_account(db, user_id, body.email, full_name=body.full_name)
    if not added:
        raise ConflictError("The address was registered at the same moment; try again.")
    token = await registration.issue_token(db, user_id, TokenPurpose.RESET_PASSWORD, INVITATION_LIFETIME)
    await set_context(db, subject.access)
    return user_id, _invitation_mail(parts, body.email, token)


async def rename(db: AsyncSession, subject: Subject, user_id: UUID, match: Conditional, full_name: str) -> Person:
    """Change a person's name.

    Raises:
        NotFoundError, ForbiddenError: The person is out of reach or above the caller.
        StaleVersionError: The person has changed meanwhile.
    """
    found = await _subordinate(db, subject, user_id)
    match.check(found.user.version)
    found.user.full_name = full_name
    found.user.version += 1
    await db.flush()
    await db.refresh(found.user)
    return found


async def change_role(
    db: AsyncSession, ending: Ending, subject: Subject, user_id: UUID, body: RoleChange
) -> tuple[Person, Membership, str]:
    """Give a person another role in the same tenant; gives the membership and the role before.

    Raises:
        NotFoundError, ForbiddenError, UnprocessableInputError: The caller may not do this.
        ConflictError: The person is the last administrator, has several memberships, or there is no room.
    """
    found = await _subordinate(db, subject, user_id)
    candidates = [m for m in found.memberships if body.membership_id in (None, m.id)]
    if not candidates:
        raise NotFoundError("The person has no such membership.")
    if len(candidates) > 1:
        raise ConflictError("The person has several memberships; name one.")
    membership = candidates[0]
    before = membership.role
    place = place_for(
        subject,
        body.role,
        tenant_id=membership.tenant_id,
        organization_id=body.organization_id or _kept_organization(membership, body.role),
    )
    if body.role != before:
        await guard_last_admin(db, membership)
    if place.organization_id == membership.organization_id:
        membership.role = body.role
        membership.version += 1
    else:
        await take_seat(db, place)
        await repository.remove_memberships(db, [membership.id])
        membership = _membership(user_id, place, body.role)
        db.add(membership)
    await db.flush()
    await ending.user(db, user_id)
    return await person(db, user_id), membership, before


def _membership(user_id: UUID, place: Place, role: Role) -> Membership:
    return Membership(tenant_id=place.tenant_id, user_id=user_id, organization_id=place.organization_id, role=role)


def _kept_organization(membership: Membership, role: Role) -> UUID | None:
    same_seat = GRANTS[role].seat is GRANTS[Role(membership.role)].seat
    return membership.organization_id if same_seat else None


async def deactivate(db: AsyncSession, app: Resources, subject: Subject, user_id: UUID) -> Person:
    """Keep a person from signing in, and end their sessions at once.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
        ConflictError: The person is not active.
    """
    found = await _subordinate(db, subject, user_id)
    if await _belongs_elsewhere(db, subject, found):
        raise ForbiddenError("The account is not yours alone to deactivate; remove its membership instead.")
    return await _set_status(db, app, found, was=UserStatus.ACTIVE, becomes=UserStatus.DEACTIVATED)


async def activate(db: AsyncSession, app: Resources, subject: Subject, user_id: UUID) -> Person:
    """Let a person sign in again.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
        ConflictError: The person is not deactivated.
    """
    found = await _subordinate(db, subject, user_id)
    return await _set_status(db, app, found, was=UserStatus.DEACTIVATED, becomes=UserStatus.ACTIVE)


async def _set_status(
    db: AsyncSession, app: Resources, found: Person, *, was: UserStatus, becomes: UserStatus
) -> Person:
    if found.user.status != was:
        raise ConflictError(f"The account is {found.user.status}.")
    await repository.set_status(db, found.user.id, becomes)
    if becomes is UserStatus.DEACTIVATED:
        await _end_sessions(db, app, found.user.id)
    await db.refresh(found.user)
    return found


async def unlock(db: AsyncSession, app: Resources, subject: Subject, user_id: UUID) -> Person:
    """Let a person try to sign in again after too many failures.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
    """
    found = await _subordinate(db, subject, user_id)
    await repository.unlock(db, user_id)
    await sign_in.forget_failures(app, found.user.email)
    await db.refresh(found.user)
    return found


async def remove(db: AsyncSession, app: Resources, subject: Subject, user_id: UUID) -> bool:
    """Remove a person from the caller's reach; an account without another membership is anonymised.

    Returns:
        Whether the account was anonymised.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
        ConflictError: The person is the last administrator of a tenant.
    """
    found = await _subordinate(db, subject, user_id)
    for membership in found.memberships:
        await guard_last_admin(db, membership)
    elsewhere = await _belongs_elsewhere(db, subject, found)
    await repository.remove_memberships(db, [membership.id for membership in found.memberships])
    await _end_sessions(db, app, user_id)
    if elsewhere:
        return False
    await set_context(db, AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id))
    await repository.anonymise(db, user_id)
    await set_context(db, subject.access)
    return True


async def _belongs_elsewhere(db: AsyncSession, subject: Subject, found: Person) -> bool:
    """Whether the person has memberships beyond the caller's reach; only they themselves can tell."""
    within = sum(1 for held in found.memberships if GRANTS[Role(held.role)].rank > 0)
    await set_context(db, AccessContext(user_id=found.user.id))
    all_of_them = await memberships.count(db, found.user.id)
    await set_context(db, subject.access)
    return all_of_them > within


async def _end_sessions(db: AsyncSession, app: Resources, user_id: UUID) -> None:
    await sessions.end_others(db, app.ending, user_id, keep=None, reason=sessions.EndReason.DEACTIVATED)
    await app.ending.user(db, user_id)


def _invitation_mail(parts: Parts, address: str, token: str) -> Mail:
    return Mail(
        to=address,
        subject="Your AccuNode account",
        text=(
            "An administrator made an AccuNode account for you. Choose a password by sending the token below to\n"
            f"POST {parts.settings.public_url}/api/v1/auth/reset-password within three days:\n\n{token}\n"
        ),
    )


def _joined_mail(address: str) -> Mail:
    return Mail(
        to=address,
        subject="A new AccuNode membership",
        text="An administrator gave your AccuNode account another membership. Sign in again to use it.\n",
    )
