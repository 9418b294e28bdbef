"""Delays that grow with failures."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from accunode_common.backoff import Backoff, Backoffs, Tries
from accunode_common.errors import RateLimitedError
from accunode_common.ids import new_id

RULE = Backoff(free=2, first_seconds=10, longest_seconds=60)


@pytest.fixture
async def redis(redis_server: Any) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_server.url, decode_responses=True) as client:
        yield client


def tries(rule: Backoff = RULE) -> Tries:
    return Tries(rule, f"test:{new_id()}", "somebody")


async def wait(backoffs: Backoffs, *of: Tries) -> int:
    """Seconds that a try has to wait; 0 if it was let through and counted."""
    try:
        await backoffs.attempt(*of)
    except RateLimitedError as error:
        return error.retry_after
    return 0


async def let_time_pass(redis: Redis, of: Tries) -> None:
    """As if the delay were over."""
    await redis.hset(of.key, f"{of.by}:free_at", "0")


async def test_the_delay_doubles_with_each_try_up_to_the_longest(redis: Redis) -> None:
    backoffs, of, waits = Backoffs(redis), tries(), []
    for _ in range(RULE.free):
        assert await wait(backoffs, of) == 0
    for _ in range(5):
        assert await wait(backoffs, of) == 0
        waits.append(await wait(backoffs, of))
        await let_time_pass(redis, of)
    assert waits == [10, 20, 40, 60, 60]


async def test_waiting_counts_nothing(redis: Redis) -> None:
    backoffs, of = Backoffs(redis), tries()
    for _ in range(RULE.free + 1):
        await wait(backoffs, of)
    assert {await wait(backoffs, of) for _ in range(20)} == {10}


async def test_one_that_waits_keeps_the_others_from_counting(redis: Redis) -> None:
    backoffs, of, other = Backoffs(redis), tries(), tries()
    for _ in range(RULE.free + 1):
        await wait(backoffs, of)
    for _ in range(20):
        assert await wait(backoffs, other, of) > 0
    assert [await wait(backoffs, other) for _ in range(RULE.free)] == [0, 0]


async def test_a_try_that_is_given_back_never_was(redis: Redis) -> None:
    backoffs, of = Backoffs(redis), tries()
    for _ in range(20):
        assert await wait(backoffs, of) == 0
        await backoffs.give_back(of)
    assert await redis.exists(of.key) == 0


async def test_what_is_cleared_or_forgotten_begins_anew(redis: Redis) -> None:
    backoffs, of = Backoffs(redis), tries()
    other = replace(of, by="somebody else")
    for each in (of, other):
        for _ in range(RULE.free + 1):
            await wait(backoffs, each)
    await backoffs.clear(of)
    assert (await wait(backoffs, of), await wait(backoffs, other)) == (0, 10)
    await backoffs.forget(of.of)
    assert (await wait(backoffs, of), await wait(backoffs, other)) == (0, 0)


async def test_all_is_forgotten_in_the_end(redis: Redis) -> None:
    of = tries(replace(RULE, memory_seconds=77))
    await Backoffs(redis).attempt(of)
    assert 0 < await redis.ttl(of.key) <= 77


async def test_thousands_of_tries_overflow_nothing(redis: Redis) -> None:
    backoffs, of = Backoffs(redis), tries()
    await redis.hset(of.key, f"{of.by}:tries", "5000")
    assert await wait(backoffs, of) == 0
    assert await wait(backoffs, of) == 60
