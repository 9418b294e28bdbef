"""What the templates deploy does its work: behind the balancer's own rules, in the tasks' own confinement."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.e2e.api import Analyst
from tests.infra.cloud import OBJECTS_BUCKET, healthy
from tests.infra.deployment import Deployment
from tests.integration.files import annual_file
from tests.integration.load import Load
from tests.integration.waiting import within

from accunode_common.routing import SERVICES
from accunode_common.testing.emf import metric_lines

pytestmark = pytest.mark.containers

ROWS = 6_000
ROWS_IN_CHUNKS = 12_000
"""More than a chunk a process."""
SECONDS = 60
SWAPPED = "tenants"
KILLED = 137
RATIOS = {
    "long_term_debt_to_total_capital": 41.0,
    "total_debt_to_ebitda": 3.2,
    "net_income_margin": 4.5,
    "ebit_to_interest_expense": 5.1,
    "return_on_assets": 3.9,
}


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_a_copy_passes_the_check_of_its_target_group(deployment: Deployment, service: str) -> None:
    path, status = deployment.check(service, "blue")
    port = next(each.port for each in SERVICES if each.name == service)
    reply = httpx.get(f"http://{deployment.running[service, 'blue'].address(port)}{path}")
    assert str(reply.status_code) == status


def test_the_migrations_can_run_again(deployment: Deployment) -> None:
    task = deployment.run("migrate", "auth")
    assert task.container.wait()["StatusCode"] == 0, task.container.logs().decode()


def test_a_task_can_write_nowhere_but_to_its_scratch_and_is_nobody(deployment: Deployment) -> None:
    look = (
        "import os, pathlib;"
        "places = ['/', '/etc/accunode', '/opt/product', '/tmp', '/var/lib/accunode'];"
        "status = pathlib.Path('/proc/self/status').read_text().split('\\n');"
        "caps = next(line.split()[1] for line in status if line.startswith('CapEff'));"
        "print(*[place for place in places if os.access(place, os.W_OK)], os.getuid(), int(caps, 16))"
    )
    for task in (*deployment.running.values(), deployment.others["worker"], deployment.others["relay"]):
        done = task.container.exec_run(["python", "-c", look])
        assert done.output.decode().split()[-2:] == ["10001", "0"], done.output
        assert {"/", "/etc/accunode", "/opt/product"}.isdisjoint(done.output.decode().split())


def test_every_task_reaches_its_servers(deployment: Deployment) -> None:
    for task in (*deployment.running.values(), *deployment.others.values()):
        if task.container.attrs["State"]["Status"] == "running":
            done = task.container.exec_run(["python", "-m", "accunode_common.reach"])
            assert done.exit_code == 0, done.output.decode()


def test_plain_http_is_sent_to_https_and_unknown_paths_get_a_problem(deployment: Deployment) -> None:
    plain = httpx.get(f"{deployment.balancer.plain_url}/api/v1/tenants?x=1", headers={"Host": "api.accunode.example"})
    assert plain.status_code == 301
    assert plain.headers["location"] == "https://api.accunode.example:443/api/v1/tenants?x=1"

    unknown = httpx.get(f"{deployment.balancer.base_url}/api/v1/nothing", verify=deployment.trusting())
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:accunode:problem:not_found")


def test_what_is_for_the_machinery_is_not_reached_through_the_balancer(deployment: Deployment) -> None:
    for path in ("/metrics", "/ready", "/health"):
        reply = httpx.get(f"{deployment.balancer.base_url}{path}", verify=deployment.trusting())
        assert reply.status_code == 404


def test_the_first_person_is_made_by_a_task_of_the_auth_service(deployment: Deployment) -> None:
    email, password = "first@platform.example", "a password that is changed at once"
    command = ["admin", "create-super-admin", "--email", email]
    task = deployment.run_once("auth", command, ACCUNODE_ADMIN_PASSWORD=password)
    assert task.container.wait()["StatusCode"] == 0, task.container.logs().decode()
    with Analyst(deployment.balancer.base_url, email, password, trusting=deployment.trusting()) as first:
        assert first.get("/users/me")["email"] == email


def test_an_analyst_scores_uploads_and_exports(deployment: Deployment, member: Analyst, tmp_path: Path) -> None:
    company = {"name": "Balanced Works", "sector": "Machinery"}
    made = member.post(
        "/predictions/annual",
        {"company": company, "access_level": "organization", "fiscal_year": 2023, "ratios": RATIOS},
        status=201,
    )
    assert 0 < made["pd"] < 1

    job = member.upload(annual_file(tmp_path, rows=ROWS, series=7), kind="annual")
    assert (job["state"], job["rows_accepted"]) == ("completed", ROWS), job

    export = member.http.get(f"/bulk-uploads/{job['id']}/results", params={"format": "csv"})
    assert export.status_code == 200
    assert member.http.headers["Authorization"]
    assert made["id"] in {each["id"] for each in member.items("/predictions/annual", fiscal_year=2023)}


def test_objects_are_reached_with_the_tasks_own_credentials(deployment: Deployment, member: Analyst) -> None:
    asked = {
        each["path"].rpartition("/")[2] for each in deployment.cloud.asked_of_agent() if "credentials" in each["path"]
    }
    users = {deployment.running["bulk-upload", "blue"].name, deployment.others["worker"].name}
    assert users <= asked
    paths = [path for _, _, path in deployment.balancer.answered() if path.startswith(f"/{OBJECTS_BUCKET}/")]
    assert any(f"/{OBJECTS_BUCKET}/objects/" in path for path in paths)


def test_a_worker_asks_not_to_be_scaled_in_while_it_works(deployment: Deployment) -> None:
    place = f"/api/{deployment.others['worker'].name}/task-protection/v1/state"

    def wishes() -> list[bool]:
        asked = [each for each in deployment.cloud.asked_of_agent() if each["path"] == place]
        return [each["wish"]["ProtectionEnabled"] for each in asked if each["method"] == "PUT"]

    within(SECONDS, lambda: wishes()[-1:] == [False])
    assert True in wishes()


@contextmanager
def load_of(deployment: Deployment, users: Sequence[dict[str, Any]]) -> Iterator[list[Load]]:
    """Callers of two tenants, within what one person may ask."""
    administrators = [user for user in users if user["role"] == "tenant_admin"]
    url, trusting = deployment.balancer.base_url, deployment.trusting()
    loads = [Load(url, user, trusting=trusting, readers=2, pause=0.4) for user in administrators]
    with ExitStack() as running:
        for load in loads:
            running.enter_context(load.running())
        yield loads


def test_weights_shift_from_blue_to_green_under_load_without_a_failed_request(
    deployment: Deployment, users: list[dict[str, Any]]
) -> None:
    green = deployment.run_service(SWAPPED, "green")
    healthy(green.container)
    deployment.balance()
    idle = httpx.get(
        f"{deployment.balancer.base_url}/api/v1/tenants",
        headers={"X-AccuNode-Slot": "green"},
        verify=deployment.trusting(),
    )
    port = next(each.port for each in SERVICES if each.name == SWAPPED)
    addresses = {"blue": deployment.running[SWAPPED, "blue"].address(port), "green": green.address(port)}
    assert idle.status_code == 401
    assert deployment.balancer.answered()[-1][1] == addresses["green"]

    with load_of(deployment, users) as loads:
        for blue, weight in ((90, 10), (0, 100)):
            deployment.share(SWAPPED, blue=blue, green=weight, active="green" if blue == 0 else "blue")
            deployment.balance()
            before = sum(load.answers.total() for load in loads)
            within(SECONDS, lambda before=before: sum(load.answers.total() for load in loads) > before + 60)
        assert deployment.retire(SWAPPED, "blue") != KILLED
        before = sum(load.answers.total() for load in loads)
        within(SECONDS, lambda: sum(load.answers.total() for load in loads) > before + 30)

    for load in loads:
        assert set(load.answers) == {("GET", "200"), ("PATCH", "200")}, load.answers
        assert load.name_now() == load.name
        load.name_as_before()
    reached = [target for _, target, path in deployment.balancer.answered() if path.startswith("/api/v1/organizations")]
    assert set(reached) == set(addresses.values())
    assert set(reached[-30:]) == {addresses["green"]}


HOLD = "LOCK TABLE credit.predictions IN SHARE MODE; SELECT pg_sleep(300)"
HELD = (
    "SELECT count(*) FROM pg_locks WHERE relation = 'credit.predictions'::regclass AND mode = 'ShareLock' AND granted"
)
WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'credit.predictions'::regclass AND NOT granted"
LET_GO = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE credit.predictions%'"


def test_a_worker_that_is_told_to_stop_loses_no_task(deployment: Deployment, member: Analyst, tmp_path: Path) -> None:
    worker = deployment.others["worker"]
    file = annual_file(tmp_path, rows=ROWS_IN_CHUNKS, series=8)
    with ThreadPoolExecutor() as pool, ExitStack() as held:
        holding = pool.submit(deployment.cloud.sql, HOLD)
        held.callback(deployment.cloud.sql, LET_GO)
        within(SECONDS, lambda: deployment.cloud.sql(HELD) != "0")
        with file.open("rb") as stream:
            form = {"kind": "annual", "access_level": "organization"}
            reply = member.http.post("/bulk-uploads", data=form, files={"file": (file.name, stream)})
        assert reply.status_code == 202, reply.text
        job = reply.json()["id"]
        within(SECONDS, lambda: deployment.cloud.sql(WAITING) != "0")
        stopping = pool.submit(worker.stop)
        within(SECONDS, lambda: b"Warm shutdown" in worker.container.logs(tail=50))
        held.close()
        assert stopping.result() != KILLED
        holding.exception()
    successor = deployment.run("worker", "worker")
    healthy(successor.container)

    assert member.wait(job, seconds=SECONDS)["rows_accepted"] == ROWS_IN_CHUNKS
    assert deployment.cloud.sql(f"SELECT max(attempts) FROM bulk.chunks WHERE job_id = '{job}'") == "1"


def test_every_task_publishes_what_it_measures(deployment: Deployment) -> None:
    tasks = {**{service: task for (service, _), task in deployment.running.items()}, **deployment.others}
    for name in (*(service.name for service in SERVICES), "worker", "relay"):
        lines = within(2 * SECONDS, lambda task=tasks[name]: metric_lines(task.container.logs().decode()))
        assert {each["_aws"]["CloudWatchMetrics"][0]["Namespace"] for each in lines} == {"AccuNode"}, name


def test_no_task_said_that_anything_was_unexpected(deployment: Deployment) -> None:
    tasks = {**{"-".join(key): task for key, task in deployment.running.items()}, **deployment.others}
    for name, task in tasks.items():
        lines = task.container.logs().decode(errors="replace").splitlines()
        assert [line for line in lines if '"level": "error"' in line] == [], name
