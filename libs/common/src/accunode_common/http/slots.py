"""How much of one thing each person may have under way at once, counted in Redis for all processes together.

A slot is held for a short time and kept by whoever is at work, so that a process that dies holds none for long.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from accunode_common.errors import RateLimitedError
from accunode_common.ids import new_id

_CLOCK = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local held = tonumber(ARGV[2])
"""
_TAKE = f"""{_CLOCK}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], now + held, ARGV[1])
redis.call('PEXPIRE', KEYS[1], held)
return 1
"""
_KEEP = f"""{_CLOCK}
redis.call('ZADD', KEYS[1], now + held, ARGV[1])
redis.call('PEXPIRE', KEYS[1], held)
"""


@dataclass(frozen=True, slots=True)
class Slots:
    """`most` slots for each person, each held for `seconds` unless it is kept.

    Attributes:
        name: What they are counted under.
        most: How many there are.
        seconds: How long a slot is held.
        refusal: What is said to who wants another one.
    """

    name: str
    most: int
    seconds: float
    refusal: str

    @asynccontextmanager
    async def hold(self, redis: Redis, person: str) -> AsyncIterator["Slot"]:
        """Hold a slot while the block runs.

        Raises:
            RateLimitedError: The person has none left.
            redis.exceptions.RedisError: Redis did not answer.
        """
        key, member = f"accunode:slots:{self.name}:{person}", str(new_id())
        slot = Slot(self, redis, key, member)
        if not await redis.eval(_TAKE, 1, key, member, str(slot.milliseconds), str(self.most)):
            raise RateLimitedError(max(1, int(self.seconds / 10)), self.refusal)
        try:
            yield slot
        finally:
            # It runs out by itself.
            with suppress(RedisError):
                await redis.zrem(key, member)


class Slot:
    """A slot that is held."""

    def __init__(self, slots: Slots, redis: Redis, key: str, member: str) -> None:
        self.milliseconds = int(slots.seconds * 1000)
        self._redis = redis
        self._key = key
        self._member = member
        self._pause = slots.seconds / 3
        self._kept = time.monotonic()

    async def keep(self) -> None:
        """Say that the work goes on; it may be said often."""
        if time.monotonic() - self._kept < self._pause:
            return
        self._kept = time.monotonic()
        with suppress(RedisError):
            await self._redis.eval(_KEEP, 1, self._key, self._member, str(self.milliseconds))
