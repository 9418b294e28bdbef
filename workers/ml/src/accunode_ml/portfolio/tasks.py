"""The Celery tasks over a whole portfolio."""

from collections.abc import Callable

from celery import Celery

from accunode_common.tasks.messages import RescorePortfolio, StressPortfolio
from accunode_ml.portfolio.rescore import rescore_portfolio
from accunode_ml.portfolio.stress import stress_portfolio
from accunode_ml.runtime import Runtime
from accunode_ml.tasks import HOUR, add_task


def register(app: Celery, runtime: Callable[[], Runtime]) -> None:
    """Give `app` the tasks over portfolios; each call asks `runtime` for its process's resources."""
    add_task(app, runtime, RescorePortfolio, rescore_portfolio, HOUR)
    add_task(app, runtime, StressPortfolio, stress_portfolio, HOUR)
