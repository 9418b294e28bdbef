"""The whole product under its own supervision, and the means to break its parts."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg
from psycopg.rows import dict_row

from accunode_common.db.access import DatabaseRole
from accunode_devstack.bench import bench_file
from accunode_devstack.credentials import keep_credentials
from accunode_devstack.demo.client import FINAL_STATES
from accunode_devstack.demo.people import DemoUser, analyst
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.launch import Program
from accunode_devstack.postgres import embedded_postgres
from accunode_devstack.processes import Running, Supervisor
from accunode_devstack.redis import embedded_redis
from accunode_devstack.stack import Stack

RESUMES_WITHIN = float(os.environ.get("ACCUNODE_CHAOS_SECONDS", "30"))
"""Seconds between the end of a trouble and the next progress of the job: 15 is the promise, which `make test-chaos`
asks for; a machine that runs all other tests beside gets twice as many."""

ENDS_WITHIN = 240.0


class Job:
    """An upload under way, as the database knows it."""

    def __init__(self, plant: "Plant", job_id: str, rows: int) -> None:
        self.plant = plant
        self.id = job_id
        self.rows = rows

    def row(self) -> dict[str, Any]:
        return self.plant.query("select * from bulk.jobs where id = %s", self.id)[0]

    def chunks(self, state: str) -> list[dict[str, Any]]:
        return self.plant.query(
            "select * from bulk.chunks where job_id = %s and state = %s and number > 0 order by number", self.id, state
        )

    def progress(self) -> tuple[Any, ...]:
        row = self.row()
        return row["state"], row["chunks_done"], row["rows_total"]

    def ended(self) -> bool:
        return self.row()["state"] in FINAL_STATES

    def until_chunks(self, done: int) -> None:
        """Until so many chunks are done, or the job has ended before: then it was too short to be troubled."""
        until(lambda: self.row()["chunks_done"] >= done, seconds=120)
        assert not self.ended(), "the job ended before the trouble began"

    def resumes(self, trouble: str, *, within: float = RESUMES_WITHIN) -> None:
        """Call it when the trouble is over: the job makes progress in time."""
        at_first, begun = self.progress(), time.monotonic()
        until(lambda: self.ended() or self.progress() != at_first, seconds=ENDS_WITHIN)
        seconds = time.monotonic() - begun
        say(f"\n  {trouble}: progress after {seconds:.1f} s")
        assert seconds <= within, f"{trouble}: no progress for {seconds:.1f} s"

    def ends(self) -> dict[str, Any]:
        """In a final state, with every row accounted for: none lost, none twice, the trail intact."""
        begun = time.monotonic()
        until(self.ended, seconds=ENDS_WITHIN)
        say(f", ended after {time.monotonic() - begun:.1f} s")
        row = self.row()
        assert row["state"] in {"completed", "completed_with_errors"}, row
        assert row["rows_accepted"] + row["rows_rejected"] + row["rows_skipped"] == row["rows_total"] == self.rows
        stored = self.plant.query(
            "select count(*) as rows, count(distinct (company_id, fiscal_year)) as periods,"
            " count(distinct row_number) as numbers from credit.predictions where job_id = %s",
            self.id,
        )[0]
        assert set(stored.values()) == {row["rows_accepted"]}
        issues = self.plant.query(
            "select count(distinct row_number) as rows from bulk.row_issues where job_id = %s", self.id
        )
        assert issues[0]["rows"] == row["rows_rejected"] + row["rows_skipped"]
        self.plant.check_trail()
        return row


class Plant:
    """A running stack. Each trouble is a method; what it breaks is supervised as `make up` supervises it."""

    def __init__(self, stack: Stack, endpoints: Endpoints, users: Sequence[DemoUser]) -> None:
        self.stack = stack
        self.endpoints = endpoints
        self.user = analyst(list(users))
        self.admin = next(user for user in users if user.role == "tenant_admin" and user.tenant == self.user.tenant)
        self._series = 0
        self._tokens: dict[str, tuple[str, float]] = {}

    @property
    def supervisor(self) -> Supervisor:
        return self.stack.supervisor

    # What is there.

    def query(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """What the superuser finds, once the database answers."""
        end = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(self._database, connect_timeout=2, row_factory=dict_row) as connection:
                    return connection.execute(statement, values).fetchall()
            except psycopg.OperationalError:
                assert time.monotonic() < end, "PostgreSQL stays away"
                time.sleep(0.1)

    def execute(self, statement: str, *values: Any) -> int:
        """How many rows the superuser's statement touched."""
        with psycopg.connect(self._database, autocommit=True) as connection:
            return connection.execute(statement, values).rowcount

    @property
    def _database(self) -> str:
        return psycopg.conninfo.make_conninfo(self.endpoints.admin_url, dbname=self.endpoints.database)

    def part(self, name: str) -> Running:
        """A running part; waits while it is started again."""
        until(lambda: (found := self.supervisor.find(name)) is not None and found.pid is not None, seconds=60)
        found = self.supervisor.find(name)
        assert found is not None
        return found

    def pid(self, name: str) -> int:
        pid = self.part(name).pid
        assert pid is not None
        return pid

    def children(self) -> list[psutil.Process]:
        """The worker's processes that do tasks."""
        return psutil.Process(self.pid("worker")).children()

    def ready(self) -> None:
        """Every part is."""
        until(lambda: {line.state for line in self.stack.status()} == {"ready"}, seconds=120)

    # What it does.

    @contextmanager
    def sign_in(self, user: DemoUser) -> Iterator[httpx.Client]:
        """A client of the person's."""
        with httpx.Client(base_url=f"{self.endpoints.base_url}/api/v1", timeout=60, trust_env=False) as http:
            token, valid_until = self._tokens.get(user.email, ("", 0.0))
            if time.monotonic() > valid_until:
                who = {"email": user.email, "password": user.password}
                said = self._insist(lambda: http.post("/auth/login", json=who)).json()
                token = said["access_token"]
                self._tokens[user.email] = token, time.monotonic() + said["expires_in"] / 2
            http.headers["Authorization"] = f"Bearer {token}"
            yield http

    def upload(self, rows: int) -> Job:
        """Upload rows of new companies; tries again, with one key, while the services are away."""
        self._series += 1
        content = bench_file(rows, series=self._series)
        key = {"Idempotency-Key": str(uuid4())}
        fields = {"kind": "annual", "access_level": "organization"}
        with self.sign_in(self.user) as http:
            reply = self._insist(
                lambda: http.post("/bulk-uploads", data=fields, files={"file": ("rows.csv", content)}, headers=key)
            )
        return Job(self, reply.json()["id"], rows)

    def check_trail(self) -> None:
        """The tenant's chain of audit events, and that each of them was sealed in time."""
        with self.sign_in(self.admin) as http:
            until(lambda: self._insist(lambda: http.get("/audit-events/verify")).json()["intact"], seconds=30)

    def _insist(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        end = time.monotonic() + 90
        while True:
            said = "nobody answers"
            try:
                reply = ask()
                if reply.is_success:
                    return reply
                said = reply.text
                # A key that is still in use belongs to the request that was cut off.
                assert reply.status_code in {409, 429, 502, 503, 504}, said
            except httpx.TransportError as error:
                said = repr(error)
            assert time.monotonic() < end, said
            time.sleep(0.3)

    # Troubles.

    def kill(self, name: str) -> None:
        """A part dies as by a power cut; a worker with its children."""
        process = psutil.Process(self.pid(name))
        for each in (process, *process.children(recursive=True)):
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs([process], timeout=10)

    def terminate(self, name: str) -> None:
        """A part is asked to end, and starts again."""
        process = psutil.Process(self.pid(name))
        process.terminate()
        psutil.wait_procs([process], timeout=60)

    def stop(self, name: str) -> None:
        """A part is away until it is started."""
        self.supervisor.stop([name])

    def start_redis(self, *, empty: bool = False) -> None:
        state = self.stack.state
        if empty:
            for path in state.redis.glob("appendonly*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        password = keep_credentials(state).redis
        port = self.supervisor.last_port("redis")
        assert port is not None
        server = embedded_redis(state.redis, port=port, password=password)
        self._start(server.program(), server.ready)

    def start_postgres(self) -> None:
        state = self.stack.state
        home, account = state.postgres_home()
        port = self.supervisor.last_port("postgres")
        assert port is not None
        password = keep_credentials(state).superuser
        server = embedded_postgres(home, port=port, password=password, account=account)
        self._start(server.program(), server.ready)

    def _start(self, program: Program, ready: Callable[[], bool]) -> None:
        self.supervisor.start(program)
        until(ready, seconds=60)

    def end_connections(self, role: DatabaseRole) -> int:
        """Cut off what a role has open in the database."""
        return self.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", role.value)

    @contextmanager
    def stopped(self, *processes: psutil.Process) -> Iterator[None]:
        """Processes that stand still, and then go on as if nothing had been."""
        for process in processes:
            os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                if process.is_running():
                    os.kill(process.pid, signal.SIGCONT)

    @contextmanager
    def small_store(self, size: str) -> Iterator[None]:
        """A store for files with hardly any room. It takes root, and a system that mounts memory."""
        objects = self.stack.state.objects
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", objects], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", objects], check=True)

    def objects_of(self, job: Job) -> list[Path]:
        return sorted(path for path in self.stack.state.objects.rglob("*.parquet") if job.id in path.parts)


def say(what: str) -> None:
    """For whoever runs it with `-s`."""
    sys.stdout.write(what)
    sys.stdout.flush()


def until(holds: Callable[[], Any], *, seconds: float) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not come about within {seconds:.0f} s"
        time.sleep(0.1)
