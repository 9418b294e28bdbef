"""An API process's connections to PostgreSQL, once a minute, as log lines that CloudWatch reads.

Requests, errors and response times of a service are the load balancer's own metrics, which cost nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from accunode_common import emf
from accunode_common.db.session import PoolUse
from accunode_common.emf import MINUTE_SECONDS, Dimension, Metric, MetricsScope, Minutes, line


@asynccontextmanager
async def publishing(scope: MetricsScope | None, service: str, pool: PoolUse) -> AsyncIterator[None]:
    """Print a line at the turn of each minute, and the rest at the end.

    Args:
        scope: Whose metrics they are, and which; None publishes nothing.
        service: The service's name.
        pool: Its connections to PostgreSQL.
    """
    if scope is None:
        yield
        return
    task = asyncio.create_task(_each_minute(scope, service, pool))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        emf.write([metric_line(scope, service, pool)])


async def _each_minute(scope: MetricsScope, service: str, pool: PoolUse) -> None:
    minutes = Minutes()
    while True:
        await asyncio.sleep(MINUTE_SECONDS - time.time() % MINUTE_SECONDS)
        # A sleep may end a little early.
        if minutes.turned():
            emf.write([metric_line(scope, service, pool)])


def metric_line(scope: MetricsScope, service: str, pool: PoolUse) -> str:
    """The line of the most connections since the last one: of the service, or essentially of any."""
    in_use, overflow = pool.take_most()
    if scope.essential:
        return line(scope.environment, [Metric("PoolInUse", in_use)])
    figures = [Metric("PoolInUse", in_use), Metric("PoolOverflow", overflow)]
    return line(scope.environment, figures, dimensions={Dimension.SERVICE: service})
