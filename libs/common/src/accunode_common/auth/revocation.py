"""Tokens that are void before they expire: recorded in PostgreSQL, asked for in Redis.

A session is revoked for good; a user or a tenant is revoked up to a moment, so that tokens issued later are valid.
Redis holds every revocation as long as `MARKER` names the server's run. One that was emptied, restarted or replaced
has no such marker: until it is filled again, by whoever notices, PostgreSQL is asked.
"""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth import revocation_records as records
from accunode_common.auth.revocation_records import Revocation
from accunode_common.auth.tokens import AccessToken
from accunode_common.db.session import AccessContext, Database
from accunode_common.log import get_logger
from accunode_common.models.revocations import RevocationKind, member_id
from accunode_common.ratelimit import GCRA, RateLimit, Verdict

MARKER = "accunode:revoked:complete"

_RUN = "local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')\n"
_REVOKED = (
    _RUN
    + """
local revoked = 2
if redis.call('GET', KEYS[1]) == run then revoked = 0 end
if redis.call('EXISTS', KEYS[2]) == 1 then revoked = 1 end
for i = 3, 5 do
    local moment = redis.call('GET', KEYS[i])
    if moment and tonumber(moment) >= tonumber(ARGV[1]) then revoked = 1 end
end
"""
)
_UNKNOWN = 2
_LOOK = _REVOKED + "return revoked"
_ADMIT = (
    GCRA
    + _REVOKED
    + """
local verdict = gcra(KEYS[6], tonumber(ARGV[2]), tonumber(ARGV[3]), now, 1)
table.insert(verdict, 1, revoked)
return verdict
"""
)
_WHICH_RUN = _RUN + "return {run, redis.call('GET', KEYS[1]) == run and 1 or 0}"
_FILL = (
    _RUN
    + """
if run ~= ARGV[1] then return 0 end
for i = 2, #ARGV, 3 do redis.call('SET', ARGV[i], ARGV[i + 1], 'PX', ARGV[i + 2]) end
redis.call('SET', KEYS[1], run)
return 1
"""
)

logger = get_logger(__name__)


class Revocations:
    """Whether tokens are void, and how they become so: `accunode_identity.session_revocation` says whose, and when."""

    def __init__(self, redis: Redis, database: Database) -> None:
        self._redis = redis
        self._database = database
        self._admit = redis.register_script(_ADMIT)
        self._look = redis.register_script(_LOOK)
        self._which_run = redis.register_script(_WHICH_RUN)
        self._fill = redis.register_script(_FILL)
        self._restoring: asyncio.Task[None] | None = None

    async def make_void(
        self, session: AsyncSession, kind: RevocationKind, ids: Sequence[UUID], *, holders: Sequence[UUID] | None = None
    ) -> None:
        """Record that what these were issued so far is void, and tell every service before the transaction commits.

        Args:
            holders: Whose power it is, where the ids name a part of it.

        Raises:
            redis.exceptions.RedisError: Redis did not answer.
        """
        if ids:
            await self._publish(await records.record_revocations(session, kind, ids, holders=holders))

    async def _publish(self, revocations: Sequence[Revocation]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for revocation in revocations:
                pipeline.set(_key(revocation.kind, revocation.id), revocation.moment_ms, px=revocation.lives_ms)
            await pipeline.execute()

    async def revoked(self, token: AccessToken) -> bool:
        """Whether the token is revoked: for what goes on long after the request was admitted."""
        try:
            revoked = int(await self._look(keys=_keys(token), args=[_issued_ms(token)]))
        except RedisError as error:
            logger.error("redis does not answer", reason=str(error))
            return await self.recorded(token)
        return await self._decide(token, revoked)

    async def admit(self, token: AccessToken, limit: RateLimit) -> tuple[bool, Verdict]:
        """Whether the token is revoked, and what the rate limit says: one round trip.

        Raises:
            redis.exceptions.RedisError: Redis did not answer.
        """
        revoked, *verdict = await self._admit(
            keys=[*_keys(token), limit.key(caller=str(token.subject.user_id))],
            args=[_issued_ms(token), *limit.arguments()],
        )
        return await self._decide(token, int(revoked)), Verdict.of(limit, verdict)

    async def recorded(self, token: AccessToken) -> bool:
        """Whether PostgreSQL has the token as revoked: for when Redis cannot tell."""
        async with self._database.transaction(AccessContext()) as session:
            return await records.covers(session, token)

    async def restore(self) -> None:
        """Fill a Redis that began afresh with what PostgreSQL holds.

        Raises:
            redis.exceptions.RedisError: Redis did not answer.
        """
        async with self._database.transaction(AccessContext()) as session:
            await records.hold_still(session)
            run, complete = await self._which_run(keys=[MARKER])
            if complete:
                return
            standing = await records.standing(session)
            arguments = [
                argument
                for revocation in standing
                for argument in (_key(revocation.kind, revocation.id), revocation.moment_ms, revocation.lives_ms)
            ]
            await self._fill(keys=[MARKER], args=[run, *arguments])
        logger.warning("redis began afresh; revocations restored", count=len(standing))

    async def _decide(self, token: AccessToken, revoked: int) -> bool:
        if revoked != _UNKNOWN:
            return bool(revoked)
        self._restore_soon()
        return await self.recorded(token)

    def _restore_soon(self) -> None:
        if self._restoring is None or self._restoring.done():
            self._restoring = asyncio.create_task(self._try_to_restore())

    async def _try_to_restore(self) -> None:
        try:
            await self.restore()
        except (RedisError, SQLAlchemyError) as error:
            logger.error("revocations not restored", reason=str(error))

    async def close(self) -> None:
        """Wait for what still runs."""
        if self._restoring is not None:
            await asyncio.wait([self._restoring])


def _key(kind: RevocationKind, of: object) -> str:
    return f"accunode:revoked:{kind}:{of}"


def _keys(token: AccessToken) -> tuple[str, ...]:
    subject = token.subject
    return _keys_of(subject.session_id, subject.user_id, subject.tenant_id)


@lru_cache(maxsize=4096)
def _keys_of(session_id: UUID, user_id: UUID, tenant_id: UUID) -> tuple[str, ...]:
    return (
        MARKER,
        _key(RevocationKind.SESSION, session_id),
        _key(RevocationKind.USER, user_id),
        _key(RevocationKind.TENANT, tenant_id),
        _key(RevocationKind.MEMBER, member_id(tenant_id, user_id)),
    )


def _issued_ms(token: AccessToken) -> str:
    return str(token.issued_at * 1000)
