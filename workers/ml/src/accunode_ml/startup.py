"""Waits for the servers a process needs, within limits, and says in one sentence when one does not come."""

import time
from collections.abc import Callable

import psycopg
import redis

from accunode_common.db.session import libpq_url
from accunode_common.redis_clients import sync_client
from accunode_common.settings import DatabaseSettings, RedisSettings

_PAUSE_SECONDS = 0.5
_CONNECT_SECONDS = 3


class StartupError(RuntimeError):
    """A server that the process needs does not answer; the message names it and the reason."""


def await_redis(settings: RedisSettings, *, seconds: float) -> None:
    """Wait until Redis answers.

    Raises:
        StartupError: It does not in so many seconds, or it refuses the password.
    """

    def ping() -> None:
        with sync_client(settings, tries_again=False) as client:
            client.ping()

    _await("Redis", ping, seconds, hopeless=(redis.AuthenticationError,), waiting=(redis.RedisError,))


def await_postgres(settings: DatabaseSettings, *, seconds: float) -> None:
    """Wait until PostgreSQL lets us in.

    Raises:
        StartupError: It does not in so many seconds, or it refuses the role or the database.
    """

    def connect() -> None:
        url = libpq_url(settings.url.get_secret_value())
        with psycopg.connect(url, connect_timeout=_CONNECT_SECONDS):
            return

    _await("PostgreSQL", connect, seconds, hopeless=(), waiting=(psycopg.Error,))


def _await(
    name: str,
    attempt: Callable[[], None],
    seconds: float,
    *,
    hopeless: tuple[type[Exception], ...],
    waiting: tuple[type[Exception], ...],
) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            attempt()
        except hopeless as error:
            raise StartupError(f"{name} refuses the connection: {_one_line(error)}.") from None
        except waiting as error:
            if time.monotonic() >= end:
                raise StartupError(f"{name} did not answer within {seconds:.0f} s: {_one_line(error)}.") from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")[:300]
