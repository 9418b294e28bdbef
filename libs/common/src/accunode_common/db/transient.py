"""Errors of the database that say nothing about the work: the same transaction succeeds when it is tried again."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from accunode_common.log import get_logger

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0

_BY_CLASS = (
    pg.AdminShutdown,
    pg.CrashShutdown,
    pg.CannotConnectNow,
    pg.IdleInTransactionSessionTimeout,
    pg.TooManyConnections,
    pg.SerializationFailure,
    pg.DeadlockDetected,
)
_CONNECTION_EXCEPTION = "08"

T = TypeVar("T")

logger = get_logger(__name__)


class DatabaseAwayError(SystemExit):
    """The database stayed away: the process ends, and whoever starts it again tries anew.

    It is no `Exception`: nothing that counts failed tries may take it for one.
    """


def is_transient(error: BaseException) -> bool:
    """Whether the connection was lost or refused, the server went down, or two transactions were in conflict."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and is_transient(error.orig))
    if isinstance(error, _BY_CLASS):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return False
    # What libpq says itself, such as that the server closed the connection, has no state.
    return error.sqlstate is None or error.sqlstate.startswith(_CONNECTION_EXCEPTION)


def again_while_transient(work: Callable[[], T], *, seconds: float) -> T:
    """Do `work`, at once and again after each transient error, for so many seconds.

    Raises:
        DatabaseAwayError: The errors went on for longer.
    """
    pause, end = FIRST_PAUSE_SECONDS, time.monotonic() + seconds
    while True:
        try:
            return work()
        except Exception as error:
            if not is_transient(error):
                raise
            if time.monotonic() >= end:
                raise DatabaseAwayError(f"PostgreSQL was away for {seconds:.0f} s.") from error
            logger.warning("database error, trying again", reason=type(error).__name__)
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
