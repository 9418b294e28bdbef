"""`bulk.ingest`: read a job's file once, write down its rejected and skipped rows, and cut the accepted into chunks.

The job is leased as a whole. Its file is read in a process of its own, whose limits a costly file meets while the
worker lives on. What is read is written in steps, each its own transaction that renews the lease, also while nothing
comes; a later reader begins afresh. Chunks are dispatched only when the whole file has proved readable.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from sqlalchemy import func
from sqlalchemy.orm import Session

from accunode_common.tabular import TabularError
from accunode_common.tabular.confined import Reading
from accunode_common.tasks.messages import IngestFile
from accunode_credit import leases
from accunode_credit.jobs import finish, kind_of, touch
from accunode_credit.models.bulk import INGEST_FAILED, Job, JobState, RowOutcome
from accunode_ml.bulk import chunk_file
from accunode_ml.bulk.cutting import Cutter
from accunode_ml.bulk.progress import BulkTask, move_on
from accunode_ml.ingest import RejectedRow, SkippedRow
from accunode_ml.ingest.process import ReadBlock, blocks, reading_of
from accunode_ml.jobs import add_counts, tenant_context
from accunode_ml.leased.task import SubmitterNotAllowedError, TaskRefusedError
from accunode_ml.repositories import chunks, jobs, row_issues
from accunode_ml.repositories.chunks import NewChunk
from accunode_ml.rows import Issue
from accunode_ml.runtime import Runtime
from accunode_ml.serving import model_registry

STEP_SECONDS = 2.0
STEP_ISSUES = 20_000
"""How often, by time and by rows refused, a reader reports, renews its lease and learns of a cancellation."""

MOST_ISSUES_PER_ROW = 50


def ingest_file(runtime: Runtime, message: IngestFile) -> None:
    """Read the file of one job. It can run twice: whoever comes second finds it read or being read."""
    FileReading(runtime, message.tenant_id, message.job_id).run()


@dataclass(slots=True)
class _Unwritten:
    """What was read since the last step."""

    rows: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    skipped: list[SkippedRow] = field(default_factory=list)
    chunks: list[NewChunk] = field(default_factory=list)

    def add(self, block: ReadBlock) -> None:
        self.rows += block.rows
        self.rejected += block.rejected
        self.skipped += block.skipped

    @property
    def refused(self) -> int:
        return len(self.rejected) + len(self.skipped)


class FileReading(BulkTask):
    """The reading of one job's file."""

    begins_in = frozenset({JobState.QUEUED, JobState.INGESTING})

    @property
    def lease_seconds(self) -> float:
        """Longer than for a chunk: a workbook's strings are read in one go before its first row."""
        return 3 * super().lease_seconds

    def begun(self, job: Job) -> None:
        """The file is being read."""
        job.state = JobState.INGESTING

    def work(self) -> None:
        """Read everything and dispatch the first chunks."""
        self._unwritten, self._last_step = _Unwritten(), time.monotonic()
        with self.step() as session:
            job = self.lock_job(session)
            _forget(session, job)
            if job.started_at is None:
                job.started_at = func.now()
            touch(job)
        try:
            self._read()
        except TabularError as refusal:
            raise TaskRefusedError(refusal.code.value, refusal.message) from refusal

    def _read(self) -> None:
        job, storage = self.job, self.runtime.storage
        allowance = self.runtime.settings.reading.allowance(job.file_bytes or 0)
        with storage.open(str(job.file_key)) as source, reading_of(source, kind_of(job), allowance) as reading:
            for number, rows in self._cut(reading):
                chunk_file.write_chunk(storage, chunk_file.chunk_key(job, self.lease.fence, number), rows)
                self._unwritten.chunks.append(NewChunk(number, rows.num_rows, chunk_file.row_ranges(rows)))
                self._write_if_due()
            self._finish(reading.result)

    def _cut(self, reading: Reading) -> Iterator[tuple[int, pa.Table]]:
        cutter = Cutter(self.runtime.settings.chunks.rows)
        for block in blocks(reading, pause=STEP_SECONDS):
            if block is not None:
                self._unwritten.add(block)
                yield from cutter.add(block.accepted)
            self._write_if_due()
        yield from cutter.rest()

    def _write_if_due(self) -> None:
        if time.monotonic() - self._last_step >= STEP_SECONDS or self._unwritten.refused >= STEP_ISSUES:
            with self.step(tenant_context(self.job.tenant_id)) as session:
                self.renew(session)
                self._write(session)
            self._last_step = time.monotonic()

    def _finish(self, report: dict[str, Any]) -> None:
        with self.step(tenant_context(self.job.tenant_id)) as session:
            job = self._write(session)
            leases.complete(session, self.lease)
            job.file_report = report
            # One version scores the whole file, whatever is promoted meanwhile.
            champion = model_registry(session, self.runtime).champion(kind_of(job))
            job.model_version = champion.scorer(self.runtime.models).version
            job.state = JobState.SCORING
            job.ingested_at = func.now()
            move_on(session, self.runtime.settings.chunks, job)

    def _write(self, session: Session) -> Job:
        """Write down what was read since the last step; returns the job, locked."""
        job, new = self.lock_job(session), self._unwritten
        if new.refused:
            row_issues.copy(session, job, _issues(new))
        chunks.add(session, job, new.chunks)
        job.rows_total += new.rows
        job.chunks_total += len(new.chunks)
        add_counts(job, rejected=len(new.rejected), skipped=len(new.skipped))
        session.flush()
        self._unwritten = _Unwritten()
        return job

    def refused(self, session: Session, refusal: TaskRefusedError) -> None:
        """End the job: the file as a whole cannot be used, or the submitter may no longer write."""
        _forget(session, self.lock_job(session))
        session.flush()
        if isinstance(refusal, SubmitterNotAllowedError):
            super().refused(session, refusal)
            return
        leases.complete(session, self.lease)
        job = self.lock_job(session)
        report = {"code": refusal.code, "message": refusal.message}
        job.file_report = {**job.file_report, "refusal": report}
        finish(job, JobState.FAILED, code=refusal.code, message=refusal.message)

    def quarantined(self, session: Session, reason: str) -> None:
        """End the job: something is wrong, perhaps not with the file."""
        leases.fail(session, self.lease, error=reason)
        job = jobs.lock(session, self.lease.tenant_id, self.lease.job_id)
        if job is not None and job.state == JobState.INGESTING:
            message = f"The file could not be read in {self.lease.attempt} tries: {reason}"
            finish(job, JobState.FAILED, code=INGEST_FAILED, message=message)


def _forget(session: Session, job: Job) -> None:
    """Undo what an earlier reading, or this one, has written."""
    row_issues.delete_all(session, job)
    chunks.delete_all(session, job)
    job.rows_total = job.rows_accepted = job.rows_rejected = job.rows_skipped = 0
    job.chunks_total = job.chunks_done = 0
    job.result = {}


def _issues(unwritten: _Unwritten) -> Iterator[Issue]:
    """An issue for each problem of a rejected row, and one for each skipped row."""
    for row in unwritten.rejected:
        for place, problem in enumerate(row.problems[:MOST_ISSUES_PER_ROW]):
            found = (problem.column, problem.code.value, problem.message, problem.value)
            yield Issue(row.line, place, RowOutcome.REJECTED, *found, row.company or None)
    for skip in unwritten.skipped:
        yield Issue(skip.line, 0, RowOutcome.SKIPPED, None, skip.code.value, skip.message, None, skip.company or None)
