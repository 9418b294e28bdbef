"""`portfolio.rescore`: score a submitter's stored predictions again with one model version, batch by batch.

A batch is one transaction in the submitter's context: it locks what they may edit, keeps what changes as an earlier
version, and stores how far the job has come, so that a second run goes on where the first one ended.
"""

import time
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from accunode_common.audit import AuditEntry, record_sync
from accunode_common.ids import new_id
from accunode_common.tasks.messages import Queue, RescorePortfolio
from accunode_credit.models.bulk import Job
from accunode_ml.leased.job import LeasedJob
from accunode_ml.leased.model import JobModel, model_of
from accunode_ml.portfolio.rescoring import RescoredBatch, add_to_result
from accunode_ml.repositories import jobs, portfolio
from accunode_ml.runtime import Runtime

RELEASE_AFTER_SECONDS = 20.0
"""How long a job rescores before it releases its lease, so that other work is let through."""

_START = UUID(int=0)


def rescore_portfolio(runtime: Runtime, message: RescorePortfolio) -> None:
    """Do a rescoring job, from wherever it stands."""
    LeasedJob(runtime, message, _rescore).run()


def _rescore(leased: LeasedJob) -> None:
    model = model_of(leased)
    after = UUID(leased.job.parameters.get("after", str(_START)))
    if after == _START:
        with leased.step() as session:
            total = portfolio.count_editable(session, leased.job)
            leased.update_job(session, lambda job: setattr(job, "rows_total", total))
    release_at = time.monotonic() + RELEASE_AFTER_SECONDS
    while True:
        with leased.step() as session:
            if time.monotonic() >= release_at:
                leased.release(session, Queue.BULK)
                return
            batch = _next_batch(session, leased, model, after)
            if batch is None:
                _finish(session, leased)
                return
            _store(session, leased.job, batch)
            after = batch.rows[-1]["id"]
            _store_progress(session, leased, batch, after, model)


def _next_batch(session: Session, leased: LeasedJob, model: JobModel, after: UUID) -> RescoredBatch | None:
    rows = portfolio.lock_next(session, leased.job, after=after, most=leased.runtime.settings.chunks.rows)
    return RescoredBatch.of(rows, model) if rows else None


def _store(session: Session, job: Job, batch: RescoredBatch) -> None:
    changes = batch.changes()
    ids = changes.pop("id")
    if ids:
        portfolio.keep_versions(session, job, {prediction_id: new_id() for prediction_id in ids})
        portfolio.store_scores(session, job, ids, changes)


def _store_progress(session: Session, leased: LeasedJob, batch: RescoredBatch, after: UUID, model: JobModel) -> None:
    scored = int(np.count_nonzero(batch.scored))

    def change(job: Job) -> None:
        job.result = {
            "kind": job.kind,
            "model_version": job.model_version,
            **add_to_result(job.result, batch, model.scale.names),
        }
        job.parameters = {**job.parameters, "after": str(after)}
        job.rows_accepted += scored
        job.rows_rejected += len(batch.rows) - scored

    leased.update_job(session, change, durable=True)


def _finish(session: Session, leased: LeasedJob) -> None:
    job = jobs.find(session, leased.job.tenant_id, leased.job.id)
    result = dict(job.result) if job is not None and job.result else {"changed": 0, "unchanged": 0, "refused": []}
    result = {"kind": leased.job.kind, "model_version": leased.job.model_version, **result}
    record_sync(
        session,
        AuditEntry(
            tenant_id=leased.job.tenant_id,
            action="portfolio.rescored",
            resource_type="job",
            resource_id=leased.job.id,
            actor_id=leased.job.created_by,
            organization_id=leased.job.submitter_organization_id,
            request_id=leased.job.request_id,
            details={name: result.get(name) for name in ("kind", "model_version", "changed", "unchanged")},
        ),
    )
    leased.complete(session, result)
