"""`bulk.ingest`: read a job's file once, note its rejected and skipped rows, and cut the accepted ones into chunks.

The file is leased like a chunk, under number 0. It is read in a process of its own, whose limits a costly file meets
while the worker lives on. What is read is written in steps, each its own transaction that renews the lease, also while
nothing comes; a later reader begins afresh. Chunks are handed out only when the whole file has proved readable.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from accunode_common.db.session import acting_as_sync
from accunode_common.tabular import TabularError
from accunode_common.tabular.confined import Reading
from accunode_common.tasks.messages import IngestFile
from accunode_credit import leases
from accunode_credit.leases import FILE, Lease, LeaseLostError
from accunode_credit.models.bulk import ChunkState, Job, JobState
from accunode_ml.bulk import chunk_file, jobs, settle
from accunode_ml.bulk.cutting import Cutter
from accunode_ml.bulk.issues import copy_issues
from accunode_ml.ingest import RejectedRow, SkippedRow
from accunode_ml.ingest.process import blocks, reading_of
from accunode_ml.leased import carry_out
from accunode_ml.runtime import Runtime
from accunode_ml.serving import serving_version
from accunode_ml.submitter import may_still_write

STEP_SECONDS = 2.0
STEP_ISSUES = 20_000
"""How often, by time and by rows noted, a reader reports, renews its lease and learns of a cancellation."""

_FORGET = (
    text("delete from bulk.row_issues where tenant_id = :tenant_id and job_id = :job_id"),
    text(f"delete from bulk.chunks where tenant_id = :tenant_id and job_id = :job_id and number > {FILE}"),  # noqa: S608
)
_ADD_CHUNK = text("""
    insert into bulk.chunks (tenant_id, job_id, number, rows, row_numbers)
    values (:tenant_id, :job_id, :number, :rows, cast(:row_numbers as int4multirange))
""")


class _CancelledError(Exception):
    """Somebody has cancelled the job."""


def ingest_file(runtime: Runtime, message: IngestFile) -> None:
    """Read the file of one job. It can run twice: whoever comes second finds it read or being read."""
    lease = _begin(runtime, message)
    if lease is None:
        return
    carry_out(
        runtime,
        lambda: _read(runtime, lease),
        lambda reason: settle.abandon(runtime, lease, reason),
        job_id=str(message.job_id),
        attempt=lease.attempt,
    )


def _read(runtime: Runtime, lease: Lease) -> None:
    reader = _Reader(runtime, lease)
    try:
        reader.run()
    except _CancelledError:
        reader.cancel()
    except TabularError as refusal:
        reader.refuse(refusal)


def _begin(runtime: Runtime, message: IngestFile) -> Lease | None:
    with runtime.database.transaction(jobs.tenant_context(message.tenant_id)) as session:
        job = jobs.lock(session, message.tenant_id, message.job_id)
        if job is None or job.state not in (JobState.QUEUED, JobState.INGESTING):
            if job is not None and job.state == JobState.CANCELLING:
                settle.cancel_if_idle(session, job)
            return None
        jobs.ensure_file_chunk(session, job)
        lease = leases.take(
            session,
            runtime.holder,
            tenant_id=job.tenant_id,
            job_id=job.id,
            number=FILE,
            seconds=_lease_seconds(runtime),
        )
        if lease is None:
            return None
        job.state = JobState.INGESTING
        if lease.attempt > runtime.settings.chunk_attempts:
            session.flush()
            settle.give_up(session, runtime, lease, "the worker died each time")
            return None
        return lease


def _lease_seconds(runtime: Runtime) -> float:
    """Longer than for a chunk: a workbook's strings are read in one go before its first row."""
    return 3 * runtime.settings.chunk_lease_seconds


def _start_afresh(session: Session, job: Job) -> None:
    _forget(session, job)
    job.started_at = job.started_at or session.execute(select(text("now()"))).scalar_one()
    jobs.touch(job)


def _forget(session: Session, job: Job) -> None:
    """Undo what an earlier reading, or this one, has written."""
    for statement in _FORGET:
        session.execute(statement, {"tenant_id": job.tenant_id, "job_id": job.id})
    job.rows_total = job.rows_accepted = job.rows_rejected = job.rows_skipped = 0
    job.chunks_total = job.chunks_done = 0
    job.result = {}


class _Reader:
    """One reading of one file."""

    def __init__(self, runtime: Runtime, lease: Lease) -> None:
        self._runtime = runtime
        self._lease = lease
        self._context = jobs.tenant_context(lease.tenant_id)
        self._rejected: list[RejectedRow] = []
        self._skipped: list[SkippedRow] = []
        self._chunks: list[dict[str, Any]] = []
        self._rows_read = 0
        self._last_step = time.monotonic()

    def run(self) -> None:
        """Read everything and hand the first chunks out."""
        job = self._begin()
        if job is None:
            return
        storage = self._runtime.storage
        allowance = self._runtime.settings.reading_allowance(job.file_bytes or 0)
        with storage.open(str(job.file_key)) as source, reading_of(source, jobs.kind_of(job), allowance) as reading:
            for number, rows in self._cut(reading):
                key = chunk_file.chunk_key(job, self._lease.fence, number)
                chunk_file.write_chunk(storage, key, rows)
                numbers = chunk_file.row_ranges(rows)
                self._chunks.append({"number": number, "rows": rows.num_rows, "row_numbers": numbers})
                self._step_if_due()
            self._finish(reading.result)

    def refuse(self, refusal: TabularError) -> None:
        """End the job: the file as a whole cannot be used."""
        with self._runtime.database.transaction(self._context) as session:
            job = self._held_job(session)
            leases.settle(session, self._lease, ChunkState.DONE)
            _forget(session, job)
            report = {"code": refusal.code.value, "message": refusal.message}
            job.file_report = {**job.file_report, "refusal": report}
            jobs.finish(job, JobState.FAILED, code=refusal.code.value, message=refusal.message)

    def cancel(self) -> None:
        """End the job as somebody asked."""
        with self._runtime.database.transaction(self._context) as session:
            job = self._held_job(session)
            leases.settle(session, self._lease, ChunkState.CANCELLED)
            settle.cancel_if_idle(session, job)

    def _cut(self, reading: Reading) -> Iterator[tuple[int, Any]]:
        cutter = Cutter(self._runtime.settings.chunk_rows)
        for block in blocks(reading, pause=STEP_SECONDS):
            if block is not None:
                self._rejected += block.rejected
                self._skipped += block.skipped
                self._rows_read += block.rows
                yield from cutter.add(block.accepted)
            self._step_if_due()
        yield from cutter.rest()

    def _step_if_due(self) -> None:
        noted = len(self._rejected) + len(self._skipped)
        if time.monotonic() - self._last_step >= STEP_SECONDS or noted >= STEP_ISSUES:
            with self._runtime.database.transaction(self._context) as session:
                leases.renew(session, self._lease, seconds=_lease_seconds(self._runtime))
                self._write_step(session, self._held_job(session))
            self._last_step = time.monotonic()

    def _finish(self, report: dict[str, Any]) -> None:
        with self._runtime.database.transaction(self._context) as session:
            job = self._held_job(session)
            self._write_step(session, job)
            leases.settle(session, self._lease, ChunkState.DONE)
            job.file_report = report
            # One version scores the whole file, whatever is promoted meanwhile.
            job.model_version = serving_version(session, self._runtime, jobs.kind_of(job))
            job.state = JobState.SCORING
            job.ingested_at = session.execute(select(text("now()"))).scalar_one()
            settle.move_on(session, self._runtime, job)

    def _write_step(self, session: Session, job: Job) -> None:
        """Write down what was read since the last step; call it with the job locked."""
        if job.state == JobState.CANCELLING:
            raise _CancelledError
        copy_issues(session, job, self._rejected, self._skipped)
        self._add_chunks(session, self._chunks)
        job.rows_total += self._rows_read
        job.chunks_total += len(self._chunks)
        jobs.add_counts(job, rejected=len(self._rejected), skipped=len(self._skipped))
        session.flush()
        self._rejected, self._skipped, self._chunks, self._rows_read = [], [], [], 0

    def _add_chunks(self, session: Session, chunks: Iterable[dict[str, Any]]) -> None:
        key = {"tenant_id": self._lease.tenant_id, "job_id": self._lease.job_id}
        rows = [{**key, **chunk} for chunk in chunks]
        if rows:
            session.execute(_ADD_CHUNK, rows)

    def _held_job(self, session: Session) -> Job:
        """The job, locked, while the lease is ours."""
        leases.hold(session, self._lease)
        job = jobs.lock(session, self._lease.tenant_id, self._lease.job_id)
        if job is None:
            raise LeaseLostError(f"Job {self._lease.job_id} is gone.")
        return job

    def _begin(self) -> Job | None:
        """The job, with nothing left of an earlier reading; None when its submitter may no longer write."""
        with self._runtime.database.transaction(self._context) as session:
            job = self._held_job(session)
            _start_afresh(session, job)
            with acting_as_sync(session, jobs.submitter_context(job)):
                if not may_still_write(session, job):
                    settle.refuse_submitter(session, self._runtime, job, self._lease)
                    return None
            return job
