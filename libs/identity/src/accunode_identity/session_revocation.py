"""Revoke the tokens of people, members, tenants and sessions: whoever takes power away does it here alone.

Call these last: what the transaction changes before, or until it commits, no new token names any more. A Redis that
does not answer refuses the change; each raises `redis.exceptions.RedisError` then.

That is how a session ends because of what somebody does. That it ends by itself, idle or old, is decided by the auth
service, in `accunode_auth.sessions.lifetimes`.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.revocation import Revocations
from accunode_common.models.identity import Membership
from accunode_common.models.revocations import RevocationKind, member_id


async def revoke_user(session: AsyncSession, revocations: Revocations, *user_ids: UUID) -> None:
    """Revoke the tokens that users have so far: after a change of the account."""
    await revocations.make_void(session, RevocationKind.USER, user_ids)


async def revoke_member(session: AsyncSession, revocations: Revocations, tenant_id: UUID, *user_ids: UUID) -> None:
    """Revoke the tokens that users have so far for one tenant: after a change of role or membership there."""
    ids = [member_id(tenant_id, user_id) for user_id in user_ids]
    await revocations.make_void(session, RevocationKind.MEMBER, ids, holders=user_ids)


async def revoke_memberships(session: AsyncSession, revocations: Revocations, lost: Iterable[Membership]) -> None:
    """Revoke the tokens that people have so far for the tenants in which they lost memberships, and no others."""
    for tenant_id, user_id in sorted({(membership.tenant_id, membership.user_id) for membership in lost}):
        await revoke_member(session, revocations, tenant_id, user_id)


async def revoke_tenant(session: AsyncSession, revocations: Revocations, *tenant_ids: UUID) -> None:
    """Revoke the tokens issued so far for tenants: after one is suspended or deleted."""
    await revocations.make_void(session, RevocationKind.TENANT, tenant_ids)


async def revoke_session(session: AsyncSession, revocations: Revocations, *session_ids: UUID) -> None:
    """Revoke the tokens of sessions, or of API keys, for good."""
    await revocations.make_void(session, RevocationKind.SESSION, session_ids)
