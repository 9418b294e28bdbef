"""`portfolio.rescore`: score a submitter's stored predictions again with one model version, batch by batch.

A batch is one transaction in the submitter's context: it locks what they may edit, keeps what changes as an earlier
version, and notes how far the job has come, so that a second run goes on where the first one ended.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.audit import AuditEntry, record_sync
from accunode_common.db.session import Reach
from accunode_common.ids import new_id
from accunode_common.tasks.messages import Queue, RescorePortfolio
from accunode_credit.columns import input_matrix
from accunode_credit.models.bulk import Job
from accunode_ml.bulk.scoring import stored_columns
from accunode_ml.inputs import input_columns, kept_version
from accunode_ml.jobs import kind_of
from accunode_ml.leased.job import LeasedJob
from accunode_ml.portfolio.models import JobModel, model_of
from accunode_ml.portfolio.tally import Tally
from accunode_ml.repositories import jobs
from accunode_ml.runtime import Runtime
from accunode_scoring import PROBABILITIES, Kind

TURN_SECONDS = 20.0
"""How long a job rescores before other work is let through."""

MOST_REFUSALS = 100
_START = UUID(int=0)
_TYPES = {
    **dict.fromkeys(PROBABILITIES, "float8"),
    **dict.fromkeys(("grade", "risk_level", "reason_codes", "flags"), "text"),
}
_ARRAYS = frozenset({"reason_codes", "flags"})

_ITS_RECORDS = "p.tenant_id = :tenant_id and p.kind = :kind and p.scope_id = any(cast(:scopes as uuid[]))"
_COUNT = text(f"select count(*) from credit.predictions p where {_ITS_RECORDS}")  # noqa: S608
_EDIT = text(f"""
    update credit.predictions p
    set {", ".join(f"{name} = s.{name}{'::text[]' if name in _ARRAYS else ''}" for name in _TYPES)},
        model_version = :model_version, version = p.version + 1, updated_at = now()
    from unnest(cast(:id as uuid[]), {", ".join(f"cast(:{name} as {kind}[])" for name, kind in _TYPES.items())})
        s (id, {", ".join(_TYPES)})
    where p.tenant_id = :tenant_id and p.id = s.id
""")  # noqa: S608
_NEXT = {
    # Selecting for update shows what the submitter may edit, and nothing else.
    kind: text(f"""
        select p.id, p.model_version, p.pd, p.grade, p.risk_level, {input_columns(kind)}
        from credit.predictions p where {_ITS_RECORDS} and p.id > :after order by p.id limit :size for no key update
    """)  # noqa: S608
    for kind in Kind
}
_KEEP = {
    kind: text(f"""
        insert into credit.prediction_versions (tenant_id, id, prediction_id, version, snapshot, replaced_by)
        select p.tenant_id, s.version_id, p.id, p.version,
            {kept_version(kind)}, :user_id
        from unnest(cast(:id as uuid[]), cast(:version_id as uuid[])) s (id, version_id)
        join credit.predictions p on p.tenant_id = :tenant_id and p.id = s.id
    """)  # noqa: S608
    for kind in Kind
}


@dataclass(frozen=True, slots=True)
class _Batch:
    """Locked predictions with their new scores.

    Attributes:
        rows: As they are stored.
        scored: Whether each can be scored.
        changed: Whether each gets another model version or grade.
        columns: The new scores of all rows, by the columns that they are stored in.
    """

    rows: Sequence[Any]
    scored: NDArray[np.bool_]
    changed: NDArray[np.bool_]
    columns: dict[str, Any]
    refusals: list[dict[str, str]]


def rescore_portfolio(runtime: Runtime, message: RescorePortfolio) -> None:
    """Do a rescoring job, from wherever it stands."""
    LeasedJob(runtime, message, _rescore).run()


def _rescore(leased: LeasedJob) -> None:
    model = model_of(leased)
    after = UUID(leased.job.parameters.get("after", str(_START)))
    if after == _START:
        with leased.step() as session:
            total = session.execute(_COUNT, _scope(leased.job)).scalar_one()
            leased.update_job(session, lambda job: setattr(job, "rows_total", total))
    turn_ends = time.monotonic() + TURN_SECONDS
    while True:
        with leased.step() as session:
            if time.monotonic() >= turn_ends:
                leased.release(session, Queue.BULK)
                return
            batch = _next_batch(session, leased, model, after)
            if batch is None:
                _finish(session, leased)
                return
            _store(session, leased.job, batch)
            after = batch.rows[-1]["id"]
            _note(session, leased, batch, after, model)


def _scope(job: Job) -> dict[str, Any]:
    """Whose records these can be: the submitter's own, its organization's, or the platform's."""
    platform = job.tenant_id if job.write_reach == Reach.PLATFORM else None
    owners = [owner for owner in (job.created_by, job.submitter_organization_id, platform) if owner is not None]
    return {"tenant_id": job.tenant_id, "kind": job.kind, "scopes": owners}


def _next_batch(session: Session, leased: LeasedJob, model: JobModel, after: UUID) -> _Batch | None:
    scorer = model.scorer
    values = {**_scope(leased.job), "after": after, "size": leased.runtime.settings.chunk_rows}
    rows = session.execute(_NEXT[scorer.kind], values).mappings().all()
    if not rows:
        return None
    matrix = input_matrix(rows, scorer.columns)
    problems = scorer.problems(matrix)
    scored = np.ones(len(rows), bool)
    scored[[row for row, _ in problems]] = False
    columns = stored_columns(scorer.score_matrix(matrix, scale=model.scale, explain=True))
    same = [
        row["model_version"] == scorer.version and row["grade"] == grade
        for row, grade in zip(rows, columns["grade"], strict=True)
    ]
    refusals = [{"prediction_id": str(rows[row]["id"]), "message": problem.message} for row, problem in problems]
    return _Batch(rows, scored, scored & ~np.array(same), columns, refusals)


def _store(session: Session, job: Job, batch: _Batch) -> None:
    places = np.flatnonzero(batch.changed).tolist()
    if not places:
        return
    ids = [batch.rows[place]["id"] for place in places]
    versions = {
        "tenant_id": job.tenant_id,
        "user_id": job.created_by,
        "id": ids,
        "version_id": [new_id() for _ in ids],
    }
    session.execute(_KEEP[kind_of(job)], versions)
    new = {name: np.asarray(batch.columns[name], dtype=object)[places].tolist() for name in _TYPES}
    session.execute(_EDIT, {**new, "tenant_id": job.tenant_id, "id": ids, "model_version": job.model_version})


def _note(session: Session, leased: LeasedJob, batch: _Batch, after: UUID, model: JobModel) -> None:
    scored = np.flatnonzero(batch.scored).tolist()
    rows = [batch.rows[place] for place in scored]

    def change(job: Job) -> None:
        said = dict(job.result)
        before, now = Tally(said.get("before")), Tally(said.get("after"))
        before.add(
            np.array([row["pd"] for row in rows]),
            [row["grade"] for row in rows],
            [row["risk_level"] for row in rows],
        )
        pd, grades, levels = (np.asarray(batch.columns[name])[scored] for name in ("pd", "grade", "risk_level"))
        now.add(pd, grades.tolist(), levels.tolist())
        job.result = {
            "kind": job.kind,
            "model_version": job.model_version,
            "changed": said.get("changed", 0) + int(batch.changed.sum()),
            "unchanged": said.get("unchanged", 0) + int((batch.scored & ~batch.changed).sum()),
            "refused": [*said.get("refused", []), *batch.refusals][:MOST_REFUSALS],
            "before": before.as_dict(model.scale.names),
            "after": now.as_dict(model.scale.names),
        }
        job.parameters = {**job.parameters, "after": str(after)}
        job.rows_accepted += len(scored)
        job.rows_rejected += len(batch.rows) - len(scored)

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
