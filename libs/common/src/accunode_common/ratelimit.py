"""Rate limits in Redis: the generic cell rate algorithm, decided in one atomic script.

A limit of `requests` in `seconds` lets a caller spend all of it at once, then refills evenly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from accunode_common.errors import RateLimitedError

GCRA = """
local function gcra(key, interval, burst, now, cost)
    local due = tonumber(redis.call('GET', key) or now)
    if due < now then due = now end
    local next_due = due + interval
    local allow_at = next_due - interval * burst
    if allow_at > now then
        return {0, 0, math.ceil(allow_at - now), math.ceil(due - now)}
    end
    if cost == 0 then next_due = due end
    if cost > 0 then
        redis.call('SET', key, string.format('%.3f', next_due), 'PX', math.ceil(next_due - now) + 1000)
    end
    return {1, math.floor((now + interval * burst - next_due) / interval), 0, math.ceil(next_due - now)}
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
"""
"""Lua: `gcra(key, interval_ms, burst, now_ms, cost)` gives {allowed, remaining, retry_after_ms, reset_ms}.

A `cost` of 0 looks without taking.
"""

_TAKE = GCRA + "return gcra(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), now, tonumber(ARGV[3]))"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`requests` in `seconds`, counted under `name`."""

    name: str
    requests: int
    seconds: int

    @property
    def interval_ms(self) -> float:
        """Milliseconds after which one request is earned back."""
        return self.seconds * 1000 / self.requests

    def key(self, *, caller: str) -> str:
        """The Redis key that counts `caller`."""
        return f"accunode:rate:{self.name}:{caller}"

    def arguments(self) -> tuple[str, str]:
        """The interval and the burst, as the script takes them."""
        return str(self.interval_ms), str(self.requests)

    @property
    def policy(self) -> str:
        """The value of the `RateLimit-Policy` header."""
        return f'"{self.name}";q={self.requests};w={self.seconds}'


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the limit said to one request."""

    limit: RateLimit
    allowed: bool
    remaining: int
    retry_after_ms: int
    reset_ms: int

    @classmethod
    def of(cls, limit: RateLimit, answer: Sequence[Any]) -> "Verdict":
        """The verdict that the script's answer stands for."""
        allowed, remaining, retry_after_ms, reset_ms = (int(value) for value in answer)
        return cls(limit, bool(allowed), remaining, retry_after_ms, reset_ms)

    def headers(self) -> dict[str, str]:
        """`RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers writes them."""
        return {
            "RateLimit-Policy": self.limit.policy,
            "RateLimit": f'"{self.limit.name}";r={self.remaining};t={math.ceil(self.reset_ms / 1000)}',
        }

    def enforce(self) -> None:
        """Refuse the request unless it is allowed.

        Raises:
            RateLimitedError: It is not.
        """
        if not self.allowed:
            raise RateLimitedError(max(1, math.ceil(self.retry_after_ms / 1000)), headers=self.headers())


class RateLimiter:
    """Takes requests out of limits."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._take = redis.register_script(_TAKE)

    async def take(self, limit: RateLimit, *, caller: str) -> Verdict:
        """Count one request of `caller`.

        Raises:
            redis.exceptions.RedisError: Redis did not answer.
        """
        return await self._ask(limit, caller, cost=1)

    async def look(self, limit: RateLimit, *, caller: str) -> Verdict:
        """Whether a request of `caller` would be allowed now, without counting one.

        Raises:
            redis.exceptions.RedisError: Redis did not answer.
        """
        return await self._ask(limit, caller, cost=0)

    async def forget(self, limit: RateLimit, *, caller: str) -> None:
        """Give the caller the whole of a limit again.

        Raises:
            redis.exceptions.RedisError: Redis did not answer.
        """
        await self._redis.delete(limit.key(caller=caller))

    async def _ask(self, limit: RateLimit, caller: str, *, cost: int) -> Verdict:
        answer = await self._take(keys=[limit.key(caller=caller)], args=[*limit.arguments(), str(cost)])
        return Verdict.of(limit, answer)
