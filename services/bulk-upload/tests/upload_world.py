"""Sends files to the service, and plays the workers' part in the database."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg.rows import dict_row

from accunode_common.ids import new_id
from accunode_common.names import name_key
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller
from accunode_scoring import Kind, ModelLibrary

PATH = "/api/v1/bulk-uploads"
CONTENT = b"company_name,fiscal_year\nAcme,2024\n"
ANNUAL = {
    "long_term_debt_to_total_capital": 42.5,
    "total_debt_to_ebitda": 3.2,
    "net_income_margin": 4.1,
    "ebit_to_interest_expense": None,
    "return_on_assets": 3.7,
}


class Uploads:
    """What a client does, and what workers would do."""

    def __init__(self, api: ServiceClient, superuser: psycopg.Connection, objects: Path) -> None:
        self.api = api
        self.superuser = superuser
        self.objects = objects

    async def send(
        self,
        caller: Caller | None,
        content: bytes = CONTENT,
        *,
        name: str = "book.csv",
        headers: Any = None,
        **fields: str,
    ) -> httpx.Response:
        """POST a file."""
        data = {"kind": "annual", **fields}
        files = {"file": (name, content, "text/csv")}
        return await self.api.as_(caller).post(PATH, data=data, files=files, headers=headers)

    async def made(self, caller: Caller, **fields: str) -> UUID:
        """The id of a new upload."""
        reply = await self.send(caller, **fields)
        assert reply.status_code == 202, reply.text
        return UUID(reply.json()["id"])

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """What the superuser finds."""
        with self.superuser.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, values).fetchall()

    def messages(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """Take the tenant's messages out of the outbox."""
        statement = (
            "with taken as (delete from ops.outbox where tenant_id = %s returning *) select * from taken order by id"
        )
        return self.rows(statement, tenant_id)

    def stored_files(self) -> set[str]:
        """The keys of all stored objects."""
        return {path.relative_to(self.objects).as_posix() for path in self.objects.rglob("*") if path.is_file()}

    def set(self, job_id: UUID, **values: Any) -> None:
        """Change a job as the workers do."""
        assignments = ", ".join(f"{name} = %({name})s" for name in values)
        self.superuser.execute(
            f"update bulk.jobs set {assignments}, version = version + 1 where id = %(id)s", {**values, "id": job_id}
        )

    def chunk(self, job_id: UUID, number: int, state: str, rows: int = 0) -> None:
        """Add a chunk."""
        self.superuser.execute(
            "insert into bulk.chunks (tenant_id, job_id, number, state, rows, attempts)"
            " select tenant_id, id, %s, %s, %s, 3 from bulk.jobs where id = %s",
            [number, state, rows, job_id],
        )

    def issue(self, job_id: UUID, row: int, code: str, *, outcome: str = "rejected", value: str | None = None) -> None:
        """Add a row issue."""
        self.superuser.execute(
            "insert into bulk.row_issues (tenant_id, job_id, row_number, position, outcome, column_name, code, message,"
            " value, company) select tenant_id, id, %s, 0, %s, 'net_income_margin', %s, 'It is wrong.', %s, 'Acme'"
            " from bulk.jobs where id = %s",
            [row, outcome, code, value, job_id],
        )

    def finish(self, caller: Caller, job_id: UUID, *, stored: int) -> None:
        """Store so many rows for the job and complete it."""
        for row in range(2, stored + 2):
            self.store(caller, job_id, row)
        self.chunk(job_id, 0, "done")
        self.chunk(job_id, 1, "done", stored)
        self.set(job_id, state="completed", rows_total=stored, rows_accepted=stored, chunks_total=1, chunks_done=1)

    def store(self, caller: Caller, job_id: UUID, row: int) -> UUID:
        """Store a company with a prediction that came from a row of the job's file."""
        (job,) = self.rows("select * from bulk.jobs where id = %s", job_id)
        scorer = ModelLibrary.load().champion(Kind.ANNUAL)
        score = scorer.score(ANNUAL)
        company_id, prediction_id, name = new_id(), new_id(), f"Company {row} of {job_id}"
        owner = {
            "tenant_id": job["tenant_id"],
            "access_level": job["access_level"],
            "organization_id": job["organization_id"],
            "created_by": caller.user_id,
        }
        self._insert("credit.companies", {**owner, "id": company_id, "name": name, "name_key": name_key(name)})
        probabilities = ("pd", "pd_2y", "pd_3y", "pd_scorecard", "pd_lightgbm", "pd_low", "pd_high")
        self._insert(
            "credit.predictions",
            {
                **owner,
                "id": prediction_id,
                "company_id": company_id,
                "kind": "annual",
                "fiscal_year": 2024,
                **ANNUAL,
                "model_version": score.model_version,
                **{column: getattr(score, column) for column in probabilities},
                "grade": score.grade,
                "risk_level": score.risk_level.value,
                "reason_codes": [reason.code for reason in score.reasons[:4]],
                "flags": [str(flag) for flag in score.flags],
                "job_id": job_id,
                "row_number": row,
            },
        )
        return prediction_id

    def _insert(self, table: str, values: dict[str, Any]) -> None:
        holders = ", ".join(f"%({name})s" for name in values)
        self.superuser.execute(f"insert into {table} ({', '.join(values)}) values ({holders})", values)
