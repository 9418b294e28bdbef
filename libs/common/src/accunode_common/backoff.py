"""Delays that grow with failures, counted in Redis: a few tries are free, then each costs twice the wait of the last.

Nobody is locked out for good, and whoever waits may try. A try counts when it begins, so that many at the same moment
count too; one that succeeds is given back.
"""

import math
from dataclasses import dataclass

from redis.asyncio import Redis

from accunode_common.errors import RateLimitedError

_ATTEMPT = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local wait = 0
for i = 1, #KEYS do
    local free_at = tonumber(redis.call('HGET', KEYS[i], ARGV[5 * i - 4] .. ':free_at') or 0)
    wait = math.max(wait, free_at - now)
end
if wait > 0 then return math.ceil(wait * 1000) end
for i = 1, #KEYS do
    local field = ARGV[5 * i - 4]
    local beyond = redis.call('HINCRBY', KEYS[i], field .. ':tries', 1) - tonumber(ARGV[5 * i - 3])
    if beyond > 0 then
        local delay = math.min(tonumber(ARGV[5 * i - 2]) * 2 ^ (beyond - 1), tonumber(ARGV[5 * i - 1]))
        redis.call('HSET', KEYS[i], field .. ':free_at', string.format('%.6f', now + delay))
    end
    redis.call('EXPIRE', KEYS[i], ARGV[5 * i])
end
return 0
"""
_GIVE_BACK = """
for i = 1, #KEYS do
    local tries = ARGV[i] .. ':tries'
    if redis.call('HINCRBY', KEYS[i], tries, -1) <= 0 then redis.call('HDEL', KEYS[i], tries) end
    redis.call('HDEL', KEYS[i], ARGV[i] .. ':free_at')
end
"""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How the delay grows.

    Attributes:
        free: Tries without a delay.
        first_seconds: The delay after the first try beyond those; it doubles with each.
        longest_seconds: The delay that is never exceeded.
        memory_seconds: All is forgotten when so long nothing was tried.
    """

    free: int
    first_seconds: float = 1
    longest_seconds: float = 900
    memory_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries that count together.

    Attributes:
        rule: How they are delayed.
        of: What they are forgotten with.
        by: Tells them from others of the same.
    """

    rule: Backoff
    of: str
    by: str

    @property
    def key(self) -> str:
        """The Redis key of the hash that counts them."""
        return _key(self.of)

    def arguments(self) -> tuple[str, ...]:
        """The rule, as the script takes it."""
        rule = self.rule
        numbers = (rule.free, rule.first_seconds, rule.longest_seconds, rule.memory_seconds)
        return self.by, *map(str, numbers)


class Backoffs:
    """Counts tries. Each raises `redis.exceptions.RedisError` when Redis does not answer."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._attempt = redis.register_script(_ATTEMPT)
        self._give_back = redis.register_script(_GIVE_BACK)

    async def attempt(self, *tries: Tries) -> None:
        """Count one try in each.

        Raises:
            RateLimitedError: One of them has to wait; nothing was counted.
        """
        arguments = [argument for each in tries for argument in each.arguments()]
        wait_ms = int(await self._attempt(keys=[each.key for each in tries], args=arguments))
        if wait_ms > 0:
            raise RateLimitedError(math.ceil(wait_ms / 1000))

    async def give_back(self, *tries: Tries) -> None:
        """Take a try that succeeded out of the count, and with it the delay."""
        await self._give_back(keys=[each.key for each in tries], args=[each.by for each in tries])

    async def clear(self, tries: Tries) -> None:
        """Forget these tries."""
        await self._redis.hdel(tries.key, f"{tries.by}:tries", f"{tries.by}:free_at")

    async def forget(self, *of: str) -> None:
        """Forget every try of these."""
        await self._redis.delete(*map(_key, of))


def _key(of: str) -> str:
    return f"accunode:tries:{of}"
