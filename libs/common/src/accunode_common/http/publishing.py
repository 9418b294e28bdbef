"""What an API process has answered, once a minute, as log lines that CloudWatch reads."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from accunode_common import emf
from accunode_common.db.session import PoolUse
from accunode_common.emf import MINUTE_SECONDS, Dimension, Metric, Minutes, Unit, line
from accunode_common.telemetry import HttpMetrics


@asynccontextmanager
async def publishing(environment: str | None, service: str, metrics: HttpMetrics, pool: PoolUse) -> AsyncIterator[None]:
    """Print a line at the turn of each minute, and the rest at the end.

    Args:
        environment: Whose metrics they are; None publishes nothing.
        service: The service's name.
        metrics: What it counts.
        pool: Its connections to PostgreSQL.
    """
    if environment is None:
        yield
        return
    task = asyncio.create_task(_each_minute(environment, service, metrics, pool))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        emf.write([metric_line(environment, service, metrics, pool)])


async def _each_minute(environment: str, service: str, metrics: HttpMetrics, pool: PoolUse) -> None:
    minutes = Minutes()
    while True:
        await asyncio.sleep(MINUTE_SECONDS - time.time() % MINUTE_SECONDS)
        # A sleep may end a little early.
        if minutes.turned():
            emf.write([metric_line(environment, service, metrics, pool)])


def metric_line(environment: str, service: str, metrics: HttpMetrics, pool: PoolUse) -> str:
    """The line of what happened since the last one."""
    answered = metrics.take_answered()
    in_use, overflow = pool.take_most()
    milliseconds = [round(seconds * 1000, 2) for seconds in answered.seconds]
    figures = [
        Metric("Requests", answered.requests),
        Metric("ServerErrors", answered.errors),
        Metric("RequestMilliseconds", milliseconds, Unit.MILLISECONDS),
        Metric("PoolInUse", in_use),
        Metric("PoolOverflow", overflow),
    ]
    return line(environment, figures, dimensions={Dimension.SERVICE: service})
