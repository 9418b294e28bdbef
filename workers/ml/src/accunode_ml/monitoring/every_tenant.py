"""`monitoring.every_tenant`: start the daily monitoring of each tenant."""

from accunode_common.db.session import AccessContext, Reach
from accunode_common.tasks.messages import MonitorEveryTenant, MonitorTenant, Queue
from accunode_common.tasks.outbox import enqueue_sync
from accunode_ml.jobs import tenant_context
from accunode_ml.repositories import tenants
from accunode_ml.runtime import Runtime


def monitor_every_tenant(runtime: Runtime, message: MonitorEveryTenant) -> None:
    """Enqueue one message for each active tenant; the reports themselves say whether they were made today."""
    every = AccessContext(tenant_id=message.tenant_id, read_reach=Reach.PLATFORM)
    with runtime.database.transaction(every) as session:
        active = tenants.ids(session, active=True)
    for tenant_id in active:
        with runtime.database.transaction(tenant_context(tenant_id)) as session:
            enqueue_sync(session, MonitorTenant(tenant_id=tenant_id), Queue.MAINTENANCE)
