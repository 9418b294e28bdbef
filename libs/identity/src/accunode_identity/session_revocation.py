"""Revoke the tokens of people, members, tenants and sessions: whoever takes power away does it here alone."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.revocation import Revocations
from accunode_common.models.identity import Membership
from accunode_common.models.revocations import RevocationKind, member_id


class SessionRevocation:
    """Revokes tokens when a change takes power away: in the same transaction, and before it commits.

    Call it last: what the transaction changes before it, or until it commits, no new token names any more. A Redis that
    does not answer refuses the change; each raises `redis.exceptions.RedisError` then.
    """

    def __init__(self, revocations: Revocations) -> None:
        self._revocations = revocations

    async def user(self, db: AsyncSession, *user_ids: UUID) -> None:
        """Revoke the tokens that users have so far: after a change of the account."""
        await self._revocations.make_void(db, RevocationKind.USER, user_ids)

    async def member(self, db: AsyncSession, tenant_id: UUID, *user_ids: UUID) -> None:
        """Revoke the tokens that users have so far for one tenant: after a change of role or membership there."""
        ids = [member_id(tenant_id, user_id) for user_id in user_ids]
        await self._revocations.make_void(db, RevocationKind.MEMBER, ids, holders=user_ids)

    async def memberships(self, db: AsyncSession, lost: Iterable[Membership]) -> None:
        """Revoke the tokens that people have so far for the tenants in which they lost memberships, and no others."""
        for tenant_id, user_id in sorted({(membership.tenant_id, membership.user_id) for membership in lost}):
            await self.member(db, tenant_id, user_id)

    async def tenant(self, db: AsyncSession, *tenant_ids: UUID) -> None:
        """Revoke the tokens issued so far for tenants: after one is suspended or deleted."""
        await self._revocations.make_void(db, RevocationKind.TENANT, tenant_ids)

    async def session(self, db: AsyncSession, *session_ids: UUID) -> None:
        """Revoke the tokens of sessions, or of API keys, for good."""
        await self._revocations.make_void(db, RevocationKind.SESSION, session_ids)
