"""The work of a worker, done message by message in the test's own process, and jobs for it to do."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import insert

from accunode_common.db.session import AccessContext
from accunode_common.ids import new_id
from accunode_common.models.columns import AccessLevel
from accunode_common.storage.base import job_prefix
from accunode_common.tasks.messages import AdvanceJob, IngestFile, PurgeFiles, Queue, ScoreChunk
from accunode_common.testing.people import Caller
from accunode_credit.jobs import new_job
from accunode_credit.models.bulk import Job, JobType
from accunode_ml.bulk.advance import advance
from accunode_ml.bulk.ingest import ingest_file
from accunode_ml.bulk.purge import purge_files
from accunode_ml.bulk.score import score_chunk
from accunode_ml.runtime import Runtime

ANNUAL = (
    "long_term_debt_to_total_capital",
    "total_debt_to_ebitda",
    "net_income_margin",
    "ebit_to_interest_expense",
    "return_on_assets",
)
QUARTERLY = ("total_debt_to_ebitda", "sga_margin", "long_term_debt_to_total_capital", "return_on_capital")
TASKS = {
    kind.task: (kind, run)
    for kind, run in (
        (IngestFile, ingest_file),
        (ScoreChunk, score_chunk),
        (AdvanceJob, advance),
        (PurgeFiles, purge_files),
    )
}


def annual_csv(rows: Sequence[Sequence[Any]], *, extra: Sequence[str] = ()) -> bytes:
    """A CSV file: company, fiscal year, then the annual ratios and what `extra` names."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["company_name", "fiscal_year", *ANNUAL, *extra])
    writer.writerows(rows)
    return text.getvalue().encode()


def healthy(number: int, *, name: str = "Company", year: int = 2023) -> list[Any]:
    """One sound row."""
    return [
        f"{name} {number}",
        year,
        20 + number % 50,
        1 + number % 5,
        5 + number % 10,
        3 + number % 20,
        4 + number % 9,
    ]


class Bulk:
    """Submits jobs as the upload service does, and does the workers' work in this process, message by message."""

    def __init__(self, runtime: Runtime, superuser: psycopg.Connection) -> None:
        self.runtime = runtime
        self.superuser = superuser

    def submit(self, caller: Caller, content: bytes, **values: Any) -> UUID:
        """Store a file and its job with the job's first message."""
        job_id = new_id()
        subject = caller.subject
        access_level = values.pop("access_level", "organization" if subject.organization_id else "personal")
        key = f"{job_prefix(subject.tenant_id, job_id)}/upload"
        self.runtime.storage.put(key, content)
        values = {"kind": "annual", "file_key": key, "file_bytes": len(content), **values}
        self.add(new_job(subject, job_id, JobType.BULK_UPLOAD, AccessLevel(access_level), request_id=None, **values))
        self.enqueue(IngestFile(tenant_id=subject.tenant_id, job_id=job_id))
        return job_id

    def add(self, job: Mapping[str, Any]) -> None:
        """A new job."""
        with self.runtime.database.transaction(AccessContext(tenant_id=job["tenant_id"])) as session:
            session.execute(insert(Job).values(**job))

    def enqueue(self, message: IngestFile | ScoreChunk | AdvanceJob | PurgeFiles) -> None:
        """Put a message into the outbox."""
        self.superuser.execute(
            "insert into ops.outbox (tenant_id, id, task, queue, payload) values (%s, %s, %s, %s, %s)",
            [message.tenant_id, new_id(), message.task, Queue.BULK.value, message.model_dump_json(exclude_none=True)],
        )

    def messages(self, tenant_id: UUID) -> list[Any]:
        """Take a tenant's messages about bulk jobs out of the outbox, in order; the platform's tenant has others."""
        rows = self.superuser.execute(
            "with taken as (delete from ops.outbox where tenant_id = %s and task = any(%s) returning *)"
            " select * from taken order by id",
            [tenant_id, list(TASKS)],
        )
        assert rows.description is not None
        names = [column.name for column in rows.description]
        taken = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
        return [TASKS[row["task"]][0].model_validate(row["payload"]) for row in taken]

    def perform(self, message: Any) -> None:
        """Do what a message asks for."""
        TASKS[message.task][1](self.runtime, message)

    def work(self, tenant_id: UUID, *, steps: int = 10_000) -> int:
        """Perform a tenant's messages until there are none; returns how many there were."""
        done = 0
        while done < steps and (messages := self.messages(tenant_id)):
            for message in messages:
                self.perform(message)
                done += 1
        return done

    def expire(self, job_id: UUID) -> None:
        """Let the time of all leases and pauses of a job pass, and look after it as the relay would."""
        self.superuser.execute(
            "update bulk.chunks set lease_expires_at = now() - interval '1 second'"
            " where job_id = %s and lease_expires_at is not null",
            [job_id],
        )
        self.enqueue(AdvanceJob(tenant_id=self.job(job_id)["tenant_id"], job_id=job_id))

    def run(self, caller: Caller, content: bytes, **values: Any) -> Mapping[str, Any]:
        """Submit a job, work until nothing is left, and give the job's row."""
        job_id = self.submit(caller, content, **values)
        self.work(caller.tenant_id)
        return self.job(job_id)

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """What the superuser finds."""
        with self.superuser.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, values).fetchall()

    def job(self, job_id: UUID) -> dict[str, Any]:
        """The job's row."""
        return self.rows("select * from bulk.jobs where id = %s", job_id)[0]

    def issues(self, job_id: UUID) -> list[dict[str, Any]]:
        """The job's row issues in the file's order."""
        return self.rows("select * from bulk.row_issues where job_id = %s order by row_number, position", job_id)

    def predictions(self, job_id: UUID) -> list[dict[str, Any]]:
        """The predictions that the job stored, in the file's order, with their company's name."""
        return self.rows(
            "select p.*, c.name from credit.predictions p join credit.companies c on c.id = p.company_id"
            " where p.job_id = %s order by p.row_number",
            job_id,
        )

    def chunks(self, job_id: UUID) -> list[dict[str, Any]]:
        """The job's chunks, but for the file's."""
        return self.rows("select * from bulk.chunks where job_id = %s and number > 0 order by number", job_id)

    def check_counts(self, job_id: UUID) -> None:
        """What the job reports is what the database holds."""
        job = self.job(job_id)
        assert job["rows_accepted"] + job["rows_rejected"] + job["rows_skipped"] == job["rows_total"]
        if not job["dry_run"]:
            assert job["rows_accepted"] == len(self.predictions(job_id))
        outcomes = {(issue["row_number"], issue["outcome"]) for issue in self.issues(job_id)}
        assert sum(outcome == "rejected" for _, outcome in outcomes) == job["rows_rejected"]
        assert sum(outcome == "skipped" for _, outcome in outcomes) == job["rows_skipped"]
