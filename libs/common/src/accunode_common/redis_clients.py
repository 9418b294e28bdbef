"""Clients of Redis that soon give up on one that hangs, rather than hang with it. Nothing is contacted yet."""

import redis
import redis.asyncio
import redis.asyncio.retry
from redis.backoff import NoBackoff
from redis.retry import Retry

from accunode_common.settings import RedisSettings

_REQUEST_SECONDS = 1.0
_PROCESS_SECONDS = 5.0


def async_client(settings: RedisSettings) -> redis.asyncio.Redis:
    """For requests, which a dead Redis must not hold. It tries once more, as the connection may long have been cut."""
    return redis.asyncio.Redis.from_url(
        settings.url.get_secret_value(),
        decode_responses=True,
        socket_timeout=_REQUEST_SECONDS,
        socket_connect_timeout=_REQUEST_SECONDS,
        retry=redis.asyncio.retry.Retry(NoBackoff(), 1),
    )


def sync_client(settings: RedisSettings, *, tries_again: bool = True) -> redis.Redis:
    """For workers and the relay. It tries once more too, unless it is to notice every cut."""
    return redis.Redis.from_url(
        settings.url.get_secret_value(),
        decode_responses=True,
        socket_timeout=_PROCESS_SECONDS,
        socket_connect_timeout=_PROCESS_SECONDS,
        retry=Retry(NoBackoff(), int(tries_again)),
    )
