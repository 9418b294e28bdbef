"""A container that is told to stop first finishes what it has begun: a service its request, the worker its tasks."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from docker.models.containers import Container
from tests.e2e.api import Analyst
from tests.integration.files import annual_file
from tests.integration.stacks import ContainerStack
from tests.integration.waiting import within

pytestmark = pytest.mark.containers

SECONDS = 60
ROWS = 20_000
RATIOS = {
    "long_term_debt_to_total_capital": 41.0,
    "total_debt_to_ebitda": 3.2,
    "net_income_margin": 4.5,
    "ebit_to_interest_expense": 5.1,
    "return_on_assets": 3.9,
}
HOLD = "LOCK TABLE credit.predictions IN SHARE MODE; SELECT pg_sleep(300)"
HELD = (
    "SELECT count(*) FROM pg_locks WHERE relation = 'credit.predictions'::regclass AND mode = 'ShareLock' AND granted"
)
WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'credit.predictions'::regclass AND NOT granted"
LET_GO = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE credit.predictions%'"


@contextmanager
def nothing_can_be_stored(containers: ContainerStack) -> Iterator[None]:
    """Whoever stores a prediction waits, until the end of this."""
    containers.sql(HOLD, detach=True)
    try:
        within(SECONDS, lambda: containers.sql(HELD) != "0")
        yield
    finally:
        containers.sql(LET_GO)


@contextmanager
def being_stopped(container: Container, *, told: Callable[[], bool]) -> Iterator[None]:
    """The container, still running, from when `told` shows that it knows of `docker stop`; ended well afterwards."""
    with ThreadPoolExecutor() as pool:
        stopping = pool.submit(container.stop, timeout=SECONDS)
        within(SECONDS, told)
        container.reload()
        assert container.status == "running"
        yield
        stopping.result()
    container.reload()
    assert container.attrs["State"]["ExitCode"] == 0


def test_a_service_answers_the_request_that_it_has_and_the_gateway_the_next(
    containers: ContainerStack, member: Analyst
) -> None:
    service = containers.container("predictions")
    body = {
        "company": {"name": "Stopping Works", "sector": "Machinery"},
        "access_level": "organization",
        "fiscal_year": 2023,
        "ratios": RATIOS,
    }
    try:
        with ThreadPoolExecutor() as pool, ExitStack() as held:
            held.enter_context(nothing_can_be_stored(containers))
            asked = pool.submit(member.http.post, "/predictions/annual", json=body)
            within(SECONDS, lambda: containers.sql(WAITING) != "0")
            with being_stopped(service, told=lambda: "refused" in containers.ask("predictions", "/health")):
                held.close()
                reply = asked.result()
        away = member.http.get("/models")
    finally:
        service.start()
        within(SECONDS, lambda: containers.ask("predictions", "/ready") == "")

    assert reply.status_code == 201, reply.text
    assert member.get(f"/predictions/annual/{reply.json()['id']}")["company"]["name"] == "Stopping Works"
    assert (away.status_code, away.json()["status"], away.headers["retry-after"]) == (503, 503, "1")


def test_the_worker_finishes_the_chunks_that_it_has(
    containers: ContainerStack, member: Analyst, tmp_path: Path
) -> None:
    worker = containers.container("worker")
    file = annual_file(tmp_path, rows=ROWS, series=3)
    try:
        with ExitStack() as held:
            held.enter_context(nothing_can_be_stored(containers))
            with file.open("rb") as stream:
                form = {"kind": "annual", "access_level": "organization"}
                reply = member.http.post("/bulk-uploads", data=form, files={"file": (file.name, stream)})
            assert reply.status_code == 202, reply.text
            job = reply.json()["id"]
            within(SECONDS, lambda: containers.sql(WAITING) != "0")
            begun = chunks(containers, job, "leased")
            with being_stopped(worker, told=lambda: b"Warm shutdown" in worker.logs(tail=20)):
                held.close()
        assert set(begun) <= set(chunks(containers, job, "done"))
        assert chunks(containers, job, "leased") == []
    finally:
        worker.start()

    assert member.wait(job, seconds=SECONDS)["rows_accepted"] == ROWS
    assert containers.sql(f"SELECT max(attempts) FROM bulk.chunks WHERE job_id = '{job}'") == "1"


def chunks(containers: ContainerStack, job: str, state: str) -> list[str]:
    """The numbers of a job's chunks in a state."""
    of_job = f"SELECT number FROM bulk.chunks WHERE job_id = '{job}' AND number > 0"
    return containers.sql(f"{of_job} AND state = '{state}'").split()
