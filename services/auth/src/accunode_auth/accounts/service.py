"""Accounts as wholes. What only an owner may do is done in the owner's context."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.accounts import repository
from accunode_auth.sessions import service as sessions
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.roles import Role
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, Reach, acting_as
from accunode_common.errors import NotFoundError
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.identity import Membership, UserStatus
from accunode_identity import administrators, memberships
from accunode_identity.session_revocation import revoke_user


async def reclaim(session: AsyncSession, revocations: Revocations, user_id: UUID) -> None:
    """Take from an account what was enrolled before its address was verified, for whoever registered it may be anybody.

    Authenticators, passkeys, recovery codes, known devices, linked provider accounts, API keys, mailed tokens, sessions
    and access tokens go. The password is the caller's to replace.

    Raises:
        redis.exceptions.RedisError: Redis did not answer.
    """
    async with acting_as(session, _owner(user_id)):
        await _strip(session, revocations, user_id, sessions.EndReason.RECLAIMED)
    await revoke_user(session, revocations, user_id)


async def close(session: AsyncSession, revocations: Revocations, user_id: UUID) -> None:
    """End an account and all its memberships: what stays is the id that the audit trail names.

    Raises:
        redis.exceptions.RedisError: Redis did not answer.
    """
    async with acting_as(session, _owner(user_id)):
        await _strip(session, revocations, user_id, sessions.EndReason.DEACTIVATED)
        await repository.remove_memberships(session, user_id)
        await repository.anonymise(session, user_id)


async def hand_over(session: AsyncSession, user_id: UUID, *, password_hash: str, full_name: str) -> None:
    """Give an account its owner's password and name, and note that the address is verified."""
    await repository.take_over(session, user_id, password_hash=password_hash, full_name=full_name)


async def make_managed(session: AsyncSession, user_id: UUID, tenant_id: UUID, *, full_name: str) -> None:
    """Note that a new account is a tenant's to manage, whose provider vouches for its address."""
    await repository.make_managed(session, user_id, tenant_id, full_name=full_name)


async def set_status(session: AsyncSession, user_id: UUID, status: UserStatus) -> None:
    """Set whether a person may sign in."""
    await repository.set_status(session, user_id, status)


async def unlock(session: AsyncSession, user_id: UUID) -> None:
    """Forget failed sign-ins."""
    await repository.unlock(session, user_id)


async def close_own(session: AsyncSession, revocations: Revocations, subject: Subject) -> None:
    """End the caller's own account.

    Raises:
        LastAdministratorError: A tenant, or the platform, would be left without an administrator.
        redis.exceptions.RedisError: Redis did not answer.
    """
    for membership in await memberships.of_person(session, subject.user_id):
        await _leave_administrators(session, subject.user_id, membership)
    await close(session, revocations, subject.user_id)


async def leave(session: AsyncSession, subject: Subject, membership_id: UUID) -> Membership:
    """End one of the caller's own memberships.

    Raises:
        NotFoundError: The caller has no such membership, or it is the one that every account has.
        LastAdministratorError: The tenant, or the platform, would be left without an administrator.
    """
    held = {membership.id: membership for membership in await memberships.of_person(session, subject.user_id)}
    membership = held.get(membership_id)
    if membership is None or membership.role == Role.USER:
        raise NotFoundError("You have no such membership.")
    await _leave_administrators(session, subject.user_id, membership)
    await memberships.end(session, [membership], email_key=None)
    return membership


async def _leave_administrators(session: AsyncSession, user_id: UUID, membership: Membership) -> None:
    # Who else administers a tenant is seen from within it.
    reach = Reach.PLATFORM if membership.tenant_id == PLATFORM_TENANT_ID else Reach.TENANT
    async with acting_as(session, AccessContext(tenant_id=membership.tenant_id, user_id=user_id, read_reach=reach)):
        await administrators.keep_one(session, [membership])


async def end_sessions(session: AsyncSession, revocations: Revocations, user_id: UUID) -> None:
    """End every session of a person who was deactivated.

    Raises:
        redis.exceptions.RedisError: Redis did not answer.
    """
    async with acting_as(session, _owner(user_id)):
        await sessions.end_others(session, revocations, user_id, keep=None, reason=sessions.EndReason.DEACTIVATED)


async def _strip(session: AsyncSession, revocations: Revocations, user_id: UUID, reason: sessions.EndReason) -> None:
    """Take from an account what proves its owner and what was made with that; the context must be the owner's."""
    held = await memberships.of_person(session, user_id)
    for tenant_id in {PLATFORM_TENANT_ID, *(membership.tenant_id for membership in held)}:
        async with acting_as(session, AccessContext(tenant_id=tenant_id, user_id=user_id)):
            await repository.forget_api_keys(session, user_id)
    await repository.forget_enrolled(session, user_id)
    await sessions.end_others(session, revocations, user_id, keep=None, reason=reason)


def _owner(user_id: UUID) -> AccessContext:
    return AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)
