"""Sends files to the service, and plays the workers' part in the database."""

import asyncio
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from accunode_common.ids import new_id
from accunode_common.models.columns import AccessLevel
from accunode_common.names import name_key
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller
from accunode_credit.jobs import new_job
from accunode_credit.models.bulk import JobType
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


class EventStream:
    """An open stream of a job's events. httpx gives a reply only when it is whole, so this calls the application."""

    def __init__(self, api: ServiceClient, caller: Caller, job_id: UUID) -> None:
        self.text = ""
        self._came = asyncio.Condition()
        self._left = asyncio.Event()
        headers = [(name.lower().encode(), value.encode()) for name, value in caller.headers.items()]
        path = f"{PATH}/{job_id}/events"
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("203.0.113.7", 50000),
            "server": ("accunode.test", 80),
        }
        self._task = asyncio.create_task(api.app(scope, self._receive, self._send))

    async def said(self, text: str) -> None:
        """Wait until the stream has said this."""
        async with asyncio.timeout(30), self._came:
            await self._came.wait_for(lambda: text in self.text)

    async def ended(self) -> list[tuple[str, dict[str, Any]]]:
        """Wait for the end, and give the name and the data of each event."""
        async with asyncio.timeout(30):
            await self._task
        return events_of(self.text)

    async def leave(self) -> None:
        """Go away as a client whose connection is gone."""
        self._left.set()
        async with asyncio.timeout(30):
            await self._task

    async def _receive(self) -> dict[str, Any]:
        # The request has no body.
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        async with self._came:
            self.text += message.get("body", b"").decode()
            self._came.notify_all()


def events_of(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The name and the data of each event of a stream's text."""
    blocks = [block for block in text.split("\n\n") if "event:" in block]
    fields = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [(field["event"], json.loads(field["data"])) for field in fields]


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

    def follow(self, caller: Caller, job_id: UUID) -> EventStream:
        """Open a stream of the job's events."""
        return EventStream(self.api, caller, job_id)

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

    def job(
        self,
        caller: Caller,
        job_type: JobType,
        level: AccessLevel = AccessLevel.ORGANIZATION,
        *,
        result: dict[str, Any],
        **values: Any,
    ) -> UUID:
        """A job of the caller's with a result, as a service makes it and workers leave it."""
        job_id = new_id()
        values = {"kind": "annual", "result": Jsonb(result), **values}
        self._insert("bulk.jobs", new_job(caller.subject, job_id, job_type, level, request_id=None, **values))
        return job_id

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
