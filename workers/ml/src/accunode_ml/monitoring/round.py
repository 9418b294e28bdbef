"""`monitoring.every_tenant`: send each tenant's daily monitoring on its way."""

from sqlalchemy import text

from accunode_common.db.session import AccessContext, Reach
from accunode_common.tasks.messages import MonitorEveryTenant, MonitorTenant, Queue
from accunode_common.tasks.outbox import enqueue_sync
from accunode_ml.jobs import tenant_context
from accunode_ml.runtime import Runtime

_TENANTS = text("select id from tenancy.tenants where status = 'active' order by id")


def monitor_every_tenant(runtime: Runtime, message: MonitorEveryTenant) -> None:
    """Enqueue one message for each active tenant; the reports themselves say whether they were made today."""
    every = AccessContext(tenant_id=message.tenant_id, read_reach=Reach.PLATFORM)
    with runtime.database.transaction(every) as session:
        tenants = session.execute(_TENANTS).scalars().all()
    for tenant_id in tenants:
        with runtime.database.transaction(tenant_context(tenant_id)) as session:
            enqueue_sync(session, MonitorTenant(tenant_id=tenant_id), Queue.MAINTENANCE)
