"""`bulk.sweep_storage`: compare the store with the database, and delete what no living job needs.

Purging leaves through the outbox like all work, but its message can be lost with Redis, and a service can be killed in
the middle of an upload. What they leave behind is found here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from accunode_common.db.session import AccessContext, Reach
from accunode_common.log import get_logger
from accunode_common.storage.base import jobs_prefix
from accunode_common.tasks.messages import PurgeFiles, SweepStorage
from accunode_ml.bulk.purge import purge_files
from accunode_ml.jobs import tenant_context
from accunode_ml.repositories import jobs, tenants
from accunode_ml.runtime import Runtime

CHUNKS_KEPT_FOR = timedelta(hours=1)
"""Of a job that was completed: whoever purges it has the first go."""

logger = get_logger(__name__)


def sweep_storage(runtime: Runtime, message: SweepStorage) -> None:
    """Delete the files of jobs that are gone, chunks that are done, and uploads that were broken off."""
    age = timedelta(hours=runtime.settings.storage.orphan_hours)
    every = AccessContext(tenant_id=message.tenant_id, read_reach=Reach.PLATFORM)
    with runtime.database.transaction(every) as session:
        every_tenant = tenants.ids(session)
    for tenant_id in every_tenant:
        for job_id in _not_needed(runtime, tenant_id, age):
            purge_files(runtime, PurgeFiles(tenant_id=tenant_id, job_id=job_id))
    unfinished = runtime.storage.delete_unfinished(older_than=age)
    if unfinished:
        logger.warning("deleted unfinished uploads", uploads=unfinished)


def _not_needed(runtime: Runtime, tenant_id: UUID, age: timedelta) -> Iterator[UUID]:
    """Jobs that have files here, and are gone or need none of their chunks any more."""
    before = datetime.now(UTC) - age
    stored = sorted({UUID(key.split("/")[2]) for key in runtime.storage.list(jobs_prefix(tenant_id))})
    old = [job_id for job_id in stored if created_at(job_id) < before]
    with runtime.database.transaction(tenant_context(tenant_id)) as session:
        needed = jobs.with_needed_files(session, tenant_id, old, done_for=CHUNKS_KEPT_FOR)
    for job_id in old:
        if job_id not in needed:
            yield job_id


def created_at(identifier: UUID) -> datetime:
    """When an identifier was made: the first 48 bits are milliseconds since 1970."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)
