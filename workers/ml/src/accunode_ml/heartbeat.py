"""A file that a process touches while it lives and Redis answers it: the cheapest honest sign of both."""

import time
from pathlib import Path

import redis

BEAT_SECONDS = 5.0
STALE_SECONDS = 30.0


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
