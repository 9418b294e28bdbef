"""`bulk.purge_files`: delete what is stored for a job that no longer exists."""

from accunode_common.tasks.messages import PurgeFiles
from accunode_ml.bulk import jobs
from accunode_ml.bulk.chunk_file import job_prefix
from accunode_ml.runtime import Runtime


def purge_files(runtime: Runtime, message: PurgeFiles) -> None:
    """Delete the job's file and chunks, unless the job is still there."""
    with runtime.database.transaction(jobs.tenant_context(message.tenant_id)) as session:
        if jobs.find(session, message.tenant_id, message.job_id) is not None:
            return
    runtime.storage.delete_prefix(job_prefix(message.tenant_id, message.job_id))
