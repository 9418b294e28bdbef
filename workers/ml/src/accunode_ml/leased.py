"""The one way in which leased work is done: again at once when the database gave way, and counted when it fails."""

from collections.abc import Callable

from celery.exceptions import SoftTimeLimitExceeded
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from accunode_common.db.transient import again_while_transient
from accunode_common.log import get_logger
from accunode_common.storage.base import StorageFullError
from accunode_credit.leases import LeaseLostError
from accunode_ml.runtime import Runtime

logger = get_logger(__name__)


def carry_out(runtime: Runtime, work: Callable[[], None], abandon: Callable[[str], None], **facts: str | int) -> None:
    """Do what a lease allows; whatever happens, the job learns of it.

    Args:
        runtime: The worker's resources.
        work: Does it, from wherever it stands, and ends the lease.
        abandon: Gives the lease back after a failed try, or the work up; it gets the reason.
        facts: What the log names it by.
    """
    seconds = runtime.settings.database_away_seconds
    try:
        try:
            again_while_transient(work, seconds=seconds)
        except LeaseLostError:
            raise
        except Exception as error:
            # Whatever it was: work that always fails must not stop the rest.
            logger.exception("work failed", **facts)
            reason = reason_of(error)
            again_while_transient(lambda: abandon(reason), seconds=seconds)
    except LeaseLostError:
        logger.warning("lease lost", **facts)


def reason_of(error: BaseException) -> str:
    """Why a try failed, in words that a job may show: no values, paths or statements."""
    if isinstance(error, SoftTimeLimitExceeded):
        return "it took too long"
    if isinstance(error, StorageFullError):
        return "the storage for files is full, so somebody must free space there"
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, pg.DiskFull):
        return "the database's disk is full, so somebody must free space there"
    return type(cause).__name__
