"""The Celery tasks of monitoring."""

from collections.abc import Callable

from celery import Celery

from accunode_common.tasks.messages import MonitorDrift, MonitorEveryTenant, MonitorTenant
from accunode_ml.monitoring.drift import monitor_drift, monitor_tenant
from accunode_ml.monitoring.every_tenant import monitor_every_tenant
from accunode_ml.runtime import Runtime
from accunode_ml.tasks import HOUR, add_task


def register(app: Celery, runtime: Callable[[], Runtime]) -> None:
    """Give `app` the tasks of monitoring; each call asks `runtime` for its process's resources."""
    add_task(app, runtime, MonitorDrift, monitor_drift, HOUR)
    add_task(app, runtime, MonitorTenant, monitor_tenant, HOUR)
    add_task(app, runtime, MonitorEveryTenant, monitor_every_tenant, HOUR)
