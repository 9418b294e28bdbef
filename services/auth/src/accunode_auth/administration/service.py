"""What administrators do: with memberships of their places, and with the accounts that are theirs to look after."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.accounts import service as accounts
from accunode_auth.administration import people, repository
from accunode_auth.administration.people import PersonInReach
from accunode_auth.administration.schemas import RoleChange, UserIn
from accunode_auth.resources import Resources
from accunode_auth.sign_in import service as sign_in
from accunode_auth.users import service as users
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.roles import GRANTS, Role
from accunode_common.auth.subject import Subject
from accunode_common.errors import ConflictError, NotFoundError
from accunode_common.http.conditional import Conditional
from accunode_common.http.pagination import PageOf, PageParameters, Sorting, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.identity import Membership, MembershipStatus, User, UserStatus
from accunode_common.models.invitations import Invitation
from accunode_identity import administrators, inviting, memberships, role_scopes
from accunode_identity.invitation_mail import InvitationMailer
from accunode_identity.role_scopes import scope_for
from accunode_identity.session_revocation import revoke_member, revoke_memberships, revoke_user

SORTING = Sorting({"email": User.email_key}, default="email", key=User.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which people are asked for; None asks for all."""

    search: str | None
    role: str | None
    status: str | None
    organization_id: UUID | None
    tenant_id: UUID | None


async def listing(
    session: AsyncSession, filters: Filters, order: SortOrder, paging: PageParameters
) -> tuple[PageOf[User], dict[UUID, list[Membership]]]:
    """The people in the caller's reach who fit, and their memberships in reach."""
    found = await repository.page(
        session,
        order,
        paging,
        search=filters.search,
        role=filters.role,
        status=filters.status,
        organization_id=filters.organization_id,
        tenant_id=filters.tenant_id,
    )
    return found, await repository.memberships(session, [user.id for user in found.rows])


async def person(session: AsyncSession, user_id: UUID) -> PersonInReach:
    """Somebody in the caller's reach.

    Raises:
        NotFoundError: Nobody in reach has that id.
    """
    return await people.find(session, user_id)


async def invite(
    session: AsyncSession, subject: Subject, trail: Trail, mails: InvitationMailer, body: UserIn
) -> Invitation:
    """Invite whoever owns an address.

    Raises:
        ForbiddenError, NotFoundError, UnprocessableInputError: The role cannot be given there by the caller.
        AlreadyExistsError: A member has the address, or it is invited already.
        RateLimitedError: The tenant sent the address too many within the hour.
    """
    scope = scope_for(subject, body.role, tenant_id=body.tenant_id, organization_id=body.organization_id)
    return await inviting.invite(session, trail, mails, subject.user_id, scope, email=body.email, role=body.role)


async def change_role(
    session: AsyncSession, revocations: Revocations, subject: Subject, trail: Trail, user_id: UUID, body: RoleChange
) -> PersonInReach:
    """Give a person another role in the same tenant.

    Raises:
        NotFoundError, ForbiddenError, UnprocessableInputError: The caller may not do this.
        ConflictError: The person is the last administrator, is to be invited, has several memberships or an address
            that is not verified, or there is no room.
    """
    found = await people.subordinate(session, subject, user_id)
    membership = _one(found, body.membership_id)
    before = membership.role
    scope = scope_for(
        subject,
        body.role,
        tenant_id=membership.tenant_id,
        organization_id=body.organization_id or _kept_organization(membership, body.role),
    )
    if found.user.email_verified_at is None:
        raise ConflictError("The person has not verified their address yet.")
    if body.role != before:
        await administrators.keep_one(session, [membership])
    if scope.organization_id == membership.organization_id:
        await memberships.give_role(session, membership, body.role)
    else:
        held = await role_scopes.require(session, scope)
        await memberships.move(session, membership, held, body.role, found.user.email_key)
    details = {"from": before, "to": membership.role, "membership_id": str(membership.id)}
    await trail.record(session, "user.set_role", "user", user_id, details=details, tenant_id=membership.tenant_id)
    await revoke_member(session, revocations, membership.tenant_id, user_id)
    return await people.find(session, user_id)


def _one(found: PersonInReach, membership_id: UUID | None) -> Membership:
    candidates = [membership for membership in found.joined if membership_id in (None, membership.id)]
    if not candidates:
        if membership_id is None:
            raise ConflictError("The person has joined nobody: invite them.")
        raise NotFoundError("The person has no such membership.")
    if len(candidates) > 1:
        raise ConflictError("The person has several memberships; name one.")
    return candidates[0]


def _kept_organization(membership: Membership, role: Role) -> UUID | None:
    same_seat = GRANTS[role].seat is GRANTS[Role(membership.role)].seat
    return membership.organization_id if same_seat else None


async def suspend(
    session: AsyncSession,
    revocations: Revocations,
    subject: Subject,
    trail: Trail,
    user_id: UUID,
    membership_id: UUID | None,
) -> PersonInReach:
    """Pause a person's memberships in the caller's reach, or one of them; their tokens end at once.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
        ConflictError: There is none that is active, or the person is the last administrator.
    """
    found = await people.subordinate(session, subject, user_id)
    paused = _of_status(found, membership_id, MembershipStatus.ACTIVE)
    await memberships.suspend(session, paused)
    await trail.record(session, "user.suspend", "user", user_id, details=_named(membership_id))
    await revoke_memberships(session, revocations, paused)
    return await people.find(session, user_id)


async def resume(
    session: AsyncSession, subject: Subject, trail: Trail, user_id: UUID, membership_id: UUID | None
) -> PersonInReach:
    """Go on with a person's paused memberships in the caller's reach, or one of them.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
        ConflictError: There is none that is suspended.
    """
    found = await people.subordinate(session, subject, user_id)
    for membership in _of_status(found, membership_id, MembershipStatus.SUSPENDED):
        await memberships.set_status(session, membership, MembershipStatus.ACTIVE)
    await trail.record(session, "user.resume", "user", user_id, details=_named(membership_id))
    return await people.find(session, user_id)


def _named(membership_id: UUID | None) -> dict[str, str] | None:
    return None if membership_id is None else {"membership_id": str(membership_id)}


def _of_status(found: PersonInReach, membership_id: UUID | None, status: MembershipStatus) -> Sequence[Membership]:
    named = [membership for membership in found.joined if membership_id in (None, membership.id)]
    if membership_id is not None and not named:
        raise NotFoundError("The person has no such membership.")
    fitting = [membership for membership in named if membership.status == status]
    if not fitting:
        raise ConflictError(f"The person has no {status} membership here.")
    return fitting


async def remove(
    session: AsyncSession, revocations: Revocations, subject: Subject, trail: Trail, user_id: UUID
) -> None:
    """Remove a person from the caller's places; an account that is the caller's to look after ends with that.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
        ConflictError: The person is the last administrator of a tenant.
    """
    found = await people.subordinate(session, subject, user_id)
    ended = await people.manages(session, subject, found.user)
    await memberships.remove(session, found.joined, email_key=found.user.email_key)
    await trail.record(session, "user.delete", "user", user_id, details={"anonymised": ended})
    if ended:
        await accounts.close(session, revocations, user_id)
        await revoke_user(session, revocations, user_id)
    else:
        await revoke_memberships(session, revocations, found.joined)


async def rename(
    session: AsyncSession, subject: Subject, trail: Trail, user_id: UUID, match: Conditional, full_name: str
) -> PersonInReach:
    """Change the name of an account that is the caller's to look after.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
        StaleVersionError: The person has changed meanwhile.
    """
    found = await people.managed(session, subject, user_id)
    await users.rename(session, trail, match, found.user, full_name)
    return await people.find(session, user_id)


async def deactivate(
    session: AsyncSession, revocations: Revocations, subject: Subject, trail: Trail, user_id: UUID
) -> PersonInReach:
    """Keep the owner of an account that is the caller's to look after from signing in, and end their sessions.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
        ConflictError: The person is not active, or the last administrator of a tenant.
    """
    found = await people.managed(session, subject, user_id)
    _need(found, UserStatus.ACTIVE)
    await administrators.keep_one(session, found.memberships)
    await accounts.set_status(session, user_id, UserStatus.DEACTIVATED)
    await trail.record(session, "user.deactivate", "user", user_id)
    await accounts.end_sessions(session, revocations, user_id)
    await revoke_user(session, revocations, user_id)
    return await people.find(session, user_id)


async def activate(session: AsyncSession, subject: Subject, trail: Trail, user_id: UUID) -> PersonInReach:
    """Let the owner of an account that is the caller's to look after sign in again.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
        ConflictError: The person is not deactivated.
    """
    found = await people.managed(session, subject, user_id)
    _need(found, UserStatus.DEACTIVATED)
    await accounts.set_status(session, user_id, UserStatus.ACTIVE)
    await trail.record(session, "user.activate", "user", user_id)
    return await people.find(session, user_id)


def _need(found: PersonInReach, status: UserStatus) -> None:
    if found.user.status != status:
        raise ConflictError(f"The account is {found.user.status}.")


async def unlock(session: AsyncSession, app: Resources, subject: Subject, trail: Trail, user_id: UUID) -> PersonInReach:
    """Let the owner of an account that is the caller's to look after try to sign in again.

    Raises:
        NotFoundError, ForbiddenError: The caller may not do this.
    """
    found = await people.managed(session, subject, user_id)
    await accounts.unlock(session, user_id)
    await trail.record(session, "user.unlock", "user", user_id)
    await sign_in.forget_failures(app, found.user.email)
    return await people.find(session, user_id)
