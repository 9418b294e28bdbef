"""What the containers hold in memory after a load run, on a stack of its own."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from accunode_common.routing import SERVICES
from accunode_devstack.bench import bench_file
from accunode_devstack.demo.client import ApiClient
from accunode_devstack.ports import free_port
from accunode_docker.compose import Compose
from accunode_docker.errors import DockerError
from accunode_docker.images import docker

MEBIBYTE = 2**20
PROJECT = "accunode-memory"
LOAD_SECONDS = 30.0
CALLERS = 8
SAMPLE_PAUSE = 2.0
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
NAMES = (*(service.name for service in SERVICES), "worker", "relay", "gateway", "postgres", "redis")
LIMITS = (
    ("The four services of one node", tuple(service.name for service in SERVICES), 900),
    ("The worker", ("worker",), 1200),
)
READS = (
    "/users/me",
    "/organizations",
    "/companies?limit=200",
    "/predictions/annual?limit=200&with_total=true",
    "/portfolio/dashboard",
    "/bulk-uploads",
)
PREDICTION = {
    "access_level": "organization",
    "ratios": {"total_debt_to_ebitda": 3.2, "net_income_margin": 4.5, "return_on_assets": 3.9},
}

Held = dict[str, tuple[int, int]]
"""Bytes by container: after the load, and the most that was seen."""


def measure(*, rows: int, say: Callable[[str], None]) -> Held:
    """Start a stack, call it for half a minute beside a bulk upload of `rows` rows, and look at its containers.

    Raises:
        DockerError: The stack does not start, or the load fails.
    """
    with _stack(say) as (compose, base_url, users):
        containers = {name: compose.container(name) for name in NAMES}
        highest = dict.fromkeys(NAMES, 0)
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                for name, held in _held(containers).items():
                    highest[name] = max(highest[name], held)
                over.wait(SAMPLE_PAUSE)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            say(f"Calling it for {LOAD_SECONDS:.0f} s beside an upload of {rows:,} rows")
            answered = _load(base_url, users, rows)
        finally:
            over.set()
            watcher.join()
        say(f"{answered:,} requests were answered")
        return {name: (held, max(held, highest[name])) for name, held in _held(containers).items()}


@contextmanager
def _stack(say: Callable[[str], None]) -> Iterator[tuple[Compose, str, list[dict[str, Any]]]]:
    with tempfile.TemporaryDirectory() as folder:
        variables, port = Path(folder) / "compose.env", free_port()
        # The limits of one person must not be the limits of the load.
        variables.write_text(
            f"ACCUNODE_PORT={port}\nACCUNODE_RATE_LIMIT_REQUESTS=1000000\nACCUNODE_PUBLIC_LIMIT_SCALE=10000\n"
        )
        compose = Compose(PROJECT, variables)
        try:
            say("Starting a stack")
            compose("up", "--build", "--detach")
            compose.await_demo()
            yield compose, f"http://127.0.0.1:{port}", compose.sign_ins()["users"]
        finally:
            compose("down", "--volumes", "--timeout", "5")


def _load(base_url: str, users: list[dict[str, Any]], rows: int) -> int:
    """The number of requests that were answered well; any other answer is an error."""
    member = next(user for user in users if user["role"] == "org_member")
    end = time.monotonic() + LOAD_SECONDS
    with ThreadPoolExecutor(CALLERS + 1) as threads:
        calls = [threads.submit(_call, base_url, member, number, end) for number in range(CALLERS)]
        upload = threads.submit(_upload, base_url, member, rows)
        upload.result()
        return sum(call.result() for call in calls)


def _upload(base_url: str, user: dict[str, Any], rows: int) -> None:
    with ApiClient(base_url) as client:
        client.sign_in(user["email"], user["password"])
        job = client.upload("load.csv", bench_file(rows), kind="annual", access_level="organization")
        ended = client.wait_for_job(job["id"], pause=0.5)
    if ended["state"] != "completed":
        raise DockerError(f"The upload ended as {ended['state']}.")


def _call(base_url: str, user: dict[str, Any], number: int, end: float) -> int:
    answered = 0
    with httpx.Client(base_url=f"{base_url}/api/v1", timeout=60) as client:
        while time.monotonic() < end:
            sign_in = client.post("/auth/login", json={"email": user["email"], "password": user["password"]})
            headers = {"Authorization": f"Bearer {sign_in.raise_for_status().json()['access_token']}"}
            for path in READS:
                client.get(path, headers=headers).raise_for_status()
            company = {"name": f"Memory {number}-{answered} (fictitious)"}
            body = PREDICTION | {"company": company, "fiscal_year": 2024}
            client.post("/predictions/annual", json=body, headers=headers).raise_for_status()
            answered += len(READS) + 2
    return answered


def _held(containers: dict[str, str]) -> dict[str, int]:
    """Bytes that each container holds, as `docker stats` counts them: without file pages that can go at any time."""
    lines = docker("stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *containers.values())
    by_id = {line.split()[0]: line.split()[1] for line in lines.splitlines()}
    return {name: _bytes(by_id[container]) for name, container in containers.items()}


def _bytes(text: str) -> int:
    number = text.rstrip("BKMGi")
    return int(float(number) * UNITS[text[len(number) :]])
