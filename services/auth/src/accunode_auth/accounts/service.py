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


async def reclaim(db: AsyncSession, revocations: Revocations, user_id: UUID) -> None:
    """Take from an account what was enrolled before its address was verified, for whoever registered it may be anybody.

    Authenticators, passkeys, recovery codes, known devices, linked provider accounts, API keys, mailed tokens, sessions
    and access tokens go. The password is the caller's to replace.

    Raises:
        redis.exceptions.RedisError: Redis did not answer.
    """
    async with acting_as(db, _owner(user_id)):
        await _strip(db, revocations, user_id, sessions.EndReason.RECLAIMED)
    await revoke_user(db, revocations, user_id)


async def close(db: AsyncSession, revocations: Revocations, user_id: UUID) -> None:
    """End an account and all its memberships: what stays is the id that the audit trail names.

    Raises:
        redis.exceptions.RedisError: Redis did not answer.
    """
    async with acting_as(db, _owner(user_id)):
        await _strip(db, revocations, user_id, sessions.EndReason.DEACTIVATED)
        await repository.remove_memberships(db, user_id)
        await repository.anonymise(db, user_id)


async def hand_over(db: AsyncSession, user_id: UUID, *, password_hash: str, full_name: str) -> None:
    """Give an account its owner's password and name, and note that the address is verified."""
    await repository.take_over(db, user_id, password_hash=password_hash, full_name=full_name)


async def make_managed(db: AsyncSession, user_id: UUID, tenant_id: UUID, *, full_name: str) -> None:
    """Note that a new account is a tenant's to manage, whose provider vouches for its address."""
    await repository.make_managed(db, user_id, tenant_id, full_name=full_name)


async def set_status(db: AsyncSession, user_id: UUID, status: UserStatus) -> None:
    """Let a person sign in, or not."""
    await repository.set_status(db, user_id, status)


async def unlock(db: AsyncSession, user_id: UUID) -> None:
    """Forget failed sign-ins."""
    await repository.unlock(db, user_id)


async def close_own(db: AsyncSession, revocations: Revocations, subject: Subject) -> None:
    """End the caller's own account.

    Raises:
        LastAdministratorError: A tenant, or the platform, would be left without an administrator.
        redis.exceptions.RedisError: Redis did not answer.
    """
    for membership in await memberships.of_person(db, subject.user_id):
        await _leave_administrators(db, subject.user_id, membership)
    await close(db, revocations, subject.user_id)


async def leave(db: AsyncSession, subject: Subject, membership_id: UUID) -> Membership:
    """End one of the caller's own memberships.

    Raises:
        NotFoundError: The caller has no such membership, or it is the one that every account has.
        LastAdministratorError: The tenant, or the platform, would be left without an administrator.
    """
    held = {membership.id: membership for membership in await memberships.of_person(db, subject.user_id)}
    membership = held.get(membership_id)
    if membership is None or membership.role == Role.USER:
        raise NotFoundError("You have no such membership.")
    await _leave_administrators(db, subject.user_id, membership)
    await memberships.end(db, [membership], email_key=None)
    return membership


async def _leave_administrators(db: AsyncSession, user_id: UUID, membership: Membership) -> None:
    # Who else administers a tenant is seen from within it.
    reach = Reach.PLATFORM if membership.tenant_id == PLATFORM_TENANT_ID else Reach.TENANT
    async with acting_as(db, AccessContext(tenant_id=membership.tenant_id, user_id=user_id, read_reach=reach)):
        await administrators.keep_one(db, [membership])


async def end_sessions(db: AsyncSession, revocations: Revocations, user_id: UUID) -> None:
    """End every session of a person who was deactivated.

    Raises:
        redis.exceptions.RedisError: Redis did not answer.
    """
    async with acting_as(db, _owner(user_id)):
        await sessions.end_others(db, revocations, user_id, keep=None, reason=sessions.EndReason.DEACTIVATED)


async def _strip(db: AsyncSession, revocations: Revocations, user_id: UUID, reason: sessions.EndReason) -> None:
    """Take from an account what proves its owner and what was made with that; the context must be the owner's."""
    held = await memberships.of_person(db, user_id)
    for tenant_id in {PLATFORM_TENANT_ID, *(membership.tenant_id for membership in held)}:
        async with acting_as(db, AccessContext(tenant_id=tenant_id, user_id=user_id)):
            await repository.forget_api_keys(db, user_id)
    await repository.forget_enrolled(db, user_id)
    await sessions.end_others(db, revocations, user_id, keep=None, reason=reason)


def _owner(user_id: UUID) -> AccessContext:
    return AccessContext(tenant_id=PLATFORM_TENANT_ID, user_id=user_id)
