"""Sessions ended before their tokens expire, kept in Redis for as long as such tokens could live.

A session is revoked for good; a user or a tenant is revoked up to a moment, so that tokens issued later are valid.
"""

import time
from uuid import UUID

from redis.asyncio import Redis

from accunode_common.auth.tokens import ACCESS_TOKEN_LIFETIME, CLOCK_LEEWAY, AccessToken
from accunode_common.ratelimit import GCRA, RateLimit, Verdict

_TTL_MS = int((ACCESS_TOKEN_LIFETIME + 2 * CLOCK_LEEWAY).total_seconds() * 1000)

_REVOKED = """
local revoked = redis.call('EXISTS', KEYS[1])
for i = 2, 3 do
    local moment = redis.call('GET', KEYS[i])
    if moment and tonumber(moment) >= tonumber(ARGV[1]) then revoked = 1 end
end
"""
_LOOK = _REVOKED + "return revoked"
_ADMIT = (
    GCRA
    + _REVOKED
    + """
local verdict = gcra(KEYS[4], tonumber(ARGV[2]), tonumber(ARGV[3]), now, 1)
table.insert(verdict, 1, revoked)
return verdict
"""
)


def _session_key(session_id: UUID) -> str:
    return f"accunode:revoked:session:{session_id}"


def _user_key(user_id: UUID) -> str:
    return f"accunode:revoked:user:{user_id}"


def _tenant_key(tenant_id: UUID) -> str:
    return f"accunode:revoked:tenant:{tenant_id}"


class Revocations:
    """Ends sessions at once, in every service.

    Call these before the transaction commits, so that Redis being down refuses the change instead of half-doing it.
    Each raises `redis.exceptions.RedisError` when Redis does not answer.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._admit = redis.register_script(_ADMIT)
        self._look = redis.register_script(_LOOK)

    async def revoke_session(self, *session_ids: UUID) -> None:
        """Make the tokens of these sessions, or API keys, void."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for session_id in session_ids:
                pipeline.set(_session_key(session_id), 1, px=_TTL_MS)
            await pipeline.execute()

    async def revoke_user(self, user_id: UUID) -> None:
        """Make the tokens that a user has so far void: after a change of role, password or state."""
        await self._redis.set(_user_key(user_id), _now_ms(), px=_TTL_MS)

    async def revoke_tenant(self, tenant_id: UUID) -> None:
        """Make the tokens issued so far for a tenant void: after it is suspended or deleted."""
        await self._redis.set(_tenant_key(tenant_id), _now_ms(), px=_TTL_MS)

    async def revoked(self, token: AccessToken) -> bool:
        """Whether the token is revoked: for what goes on long after the request was admitted."""
        return bool(await self._look(keys=_keys(token), args=[_issued_ms(token)]))

    async def admit(self, token: AccessToken, limit: RateLimit) -> tuple[bool, Verdict]:
        """Whether the token is revoked, and what the rate limit says: one round trip."""
        revoked, *verdict = await self._admit(
            keys=[*_keys(token), limit.key(caller=str(token.subject.user_id))],
            args=[_issued_ms(token), *limit.arguments()],
        )
        return bool(revoked), Verdict.of(limit, verdict)


def _keys(token: AccessToken) -> list[str]:
    subject = token.subject
    return [_session_key(subject.session_id), _user_key(subject.user_id), _tenant_key(subject.tenant_id)]


def _issued_ms(token: AccessToken) -> str:
    return str(token.issued_at * 1000)


def _now_ms() -> str:
    return f"{time.time() * 1000:.3f}"
