"""`bulk.purge_files`: delete what is stored for a job and no longer needed."""

from sqlalchemy import text

from accunode_common.storage.base import job_prefix
from accunode_common.tasks.messages import PurgeFiles
from accunode_credit.models.bulk import JobState
from accunode_ml.bulk import jobs
from accunode_ml.bulk.chunk_file import chunks_prefix
from accunode_ml.runtime import Runtime

_UNDONE = text("""
    select exists (select 1 from bulk.chunks where tenant_id = :tenant_id and job_id = :job_id and state <> 'done')
""")


def purge_files(runtime: Runtime, message: PurgeFiles) -> None:
    """Delete everything of a job that is gone, and the chunks of one that has nothing left to do or to try again."""
    with runtime.database.transaction(jobs.tenant_context(message.tenant_id)) as session:
        job = jobs.find(session, message.tenant_id, message.job_id)
        if job is None:
            prefix = job_prefix(message.tenant_id, message.job_id)
        elif job.state in (JobState.COMPLETED, JobState.COMPLETED_WITH_ERRORS):
            if session.execute(_UNDONE, {"tenant_id": job.tenant_id, "job_id": job.id}).scalar_one():
                return
            prefix = chunks_prefix(job)
        else:
            return
    runtime.storage.delete_prefix(prefix)
