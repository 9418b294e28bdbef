"""A file that a process touches while it lives and Redis answers it: the cheapest honest sign of both."""

import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from accunode_common.settings import RedisSettings

BEAT_SECONDS = 5.0
STALE_SECONDS = 30.0
_SOCKET_SECONDS = 5.0


def redis_client(settings: RedisSettings, *, tries_again: bool = True) -> redis.Redis:
    """A client that soon gives up on a Redis that hangs, rather than hang with it. Nothing is contacted yet.

    Unless it is to notice every cut, it tries once more, as the connection may have been cut long before it is used.
    """
    return redis.Redis.from_url(
        settings.redis_url.get_secret_value(),
        decode_responses=True,
        socket_timeout=_SOCKET_SECONDS,
        socket_connect_timeout=_SOCKET_SECONDS,
        retry=Retry(NoBackoff(), int(tries_again)),
    )


def beat_if_answered(path: Path, broker: redis.Redis) -> None:
    """Say that the process lives and Redis answers it.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    broker.ping()
    beat(path)


def beat(path: Path) -> None:
    """Say that the process lives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def age(path: Path) -> float | None:
    """Seconds since the last beat; None when there never was one."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return None
