"""`bulk.purge_files`: delete what is stored for a job and no longer needed."""

from accunode_common.storage.base import job_prefix
from accunode_common.tasks.messages import PurgeFiles
from accunode_credit.models.bulk import JobState
from accunode_ml.bulk.chunk_file import chunks_prefix
from accunode_ml.jobs import tenant_context
from accunode_ml.repositories import chunks, jobs
from accunode_ml.runtime import Runtime


def purge_files(runtime: Runtime, message: PurgeFiles) -> None:
    """Delete everything of a job that is gone, and the chunks of one that has nothing left to do or to try again."""
    with runtime.database.transaction(tenant_context(message.tenant_id)) as session:
        job = jobs.find(session, message.tenant_id, message.job_id)
        if job is None:
            prefix = job_prefix(message.tenant_id, message.job_id)
        elif job.state in (JobState.COMPLETED, JobState.COMPLETED_WITH_ERRORS):
            if not chunks.are_all_done(session, job):
                return
            prefix = chunks_prefix(job)
        else:
            return
    runtime.storage.delete_prefix(prefix)
