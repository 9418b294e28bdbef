"""Measures the API's operations as a client sees them, and the processor time that each costs.

Processor time is what another machine, or this one when it is busy, can be reckoned from; the wall times are this
machine's, with the callers on it.
"""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from statistics import fmean, quantiles
from typing import Any

import psutil

from accunode_devstack import postgres
from accunode_devstack.bench import bench_file
from accunode_devstack.demo.people import DemoUser
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.ports import LOOPBACK
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import GATEWAY, WORKER
from accunode_devstack.state import State

BOUNDARY = "accunode-bench"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
UPLOADS_AT_ONCE = 3
"""As many as a person may send at once."""
WARM_UP_CALLS = 10
ROUNDS = 3
CALLS_APART = 10_000_000
"""More than anybody calls in a round: each call's number is its own."""


@dataclass(frozen=True)
class Call:
    """A request: `body` is given the number of the call, as some things can be made only once."""

    name: str
    service: str
    method: str
    path: str
    body: Callable[[int], bytes | None] = lambda _: None
    content_type: str = "application/json"
    most_callers: int = 64


@dataclass(frozen=True)
class OperationTimes:
    """What one operation costs. Times in seconds.

    Attributes:
        name: What is called.
        service: Whose it is.
        calls: How many were measured.
        mean: Wall time with one caller.
        p50: Its median.
        p95: Its 95th percentile.
        alone: The wall times themselves.
        per_second: Calls answered in a second by one process, with several callers.
        processor: Processor time of the API process per call.
        database: Processor time of PostgreSQL per call.
    """

    name: str
    service: str
    calls: int
    mean: float
    p50: float
    p95: float
    alone: tuple[float, ...]
    per_second: float
    processor: float
    database: float


def _prediction(number: int) -> bytes:
    ratios = {"total_debt_to_ebitda": 3.2, "net_income_margin": 4.5, "return_on_assets": 3.9}
    company = {"name": f"Bench API {number} (fictitious)"}
    body = {"access_level": "organization", "fiscal_year": 2024, "ratios": ratios, "company": company}
    return json.dumps(body).encode()


def _upload(number: int) -> bytes:
    fields = {"kind": "annual", "access_level": "organization", "dry_run": "true"}
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bench.csv"\r\n\r\n'
    return "".join([*parts, file]).encode() + bench_file(100, series=number) + f"\r\n--{BOUNDARY}--\r\n".encode()


def calls(user: DemoUser) -> tuple[Call, ...]:
    """What is measured: the requests that people make most, and the probe that the load balancer makes."""
    sign_in = json.dumps({"email": user.email, "password": user.password}).encode()
    api = "/api/v1"
    return (
        Call("health", "gateway", "GET", "/health"),
        Call("sign_in", "auth", "POST", f"{api}/auth/login", lambda _: sign_in),
        Call("profile", "auth", "GET", f"{api}/users/me"),
        Call("organizations", "tenants", "GET", f"{api}/organizations"),
        Call("companies", "predictions", "GET", f"{api}/companies?limit=50"),
        Call("predictions", "predictions", "GET", f"{api}/predictions/annual?limit=50"),
        Call("dashboard", "predictions", "GET", f"{api}/portfolio/dashboard"),
        Call("predict", "predictions", "POST", f"{api}/predictions/annual", _prediction),
        Call("uploads", "bulk-upload", "GET", f"{api}/bulk-uploads?limit=50"),
        Call("upload", "bulk-upload", "POST", f"{api}/bulk-uploads", _upload, MULTIPART, UPLOADS_AT_ONCE),
    )


def measure_api(
    state: State, endpoints: Endpoints, user: DemoUser, *, seconds: float, callers: int
) -> list[OperationTimes]:
    """Call each operation for `seconds` by one caller, then by `callers`, in several rounds.

    Of each operation the round counts that took the least processor time: the machine's other work disturbed it least.
    It stops the stack's worker first, whose statements would count as the calls' own.
    Raises DevstackError when a call is not answered with success.
    """
    Supervisor(state).stop([WORKER])
    token = sign_in_token(endpoints, user)
    meters = Meters.of(state, GATEWAY)
    rounds = [
        [_measure(endpoints, call, token, meters, seconds, callers, first=CALLS_APART * number) for call in calls(user)]
        for number in range(1, ROUNDS + 1)
    ]
    return [min(times, key=lambda each: each.processor) for times in zip(*rounds, strict=True)]


class Meters:
    """The processor time that a part of the stack and PostgreSQL have used so far."""

    def __init__(self, part: psutil.Process, database: psutil.Process | None) -> None:
        self._part = part
        self._database = database

    @classmethod
    def of(cls, state: State, name: str) -> "Meters":
        """The meters of the part `name`. Raises DevstackError when it does not run."""
        supervisor = Supervisor(state)
        part, database = supervisor.find(name), supervisor.find(postgres.NAME)
        if part is None or part.pid is None:
            raise DevstackError(f"The {name} does not run: `make up` first.")
        return cls(psutil.Process(part.pid), database.process if database else None)

    def read(self) -> tuple[float, float]:
        """Seconds of both; those of PostgreSQL are 0 where it is not the stack's own."""
        return processor_seconds(self._part), processor_seconds(self._database) if self._database else 0.0


def processor_seconds(process: psutil.Process) -> float:
    """What a process and all below it have used so far."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            # Of children that have ended, too: a connection of PostgreSQL is a process.
            total += (
                times.user + times.system + getattr(times, "children_user", 0) + getattr(times, "children_system", 0)
            )
    return total


def _measure(
    endpoints: Endpoints, call: Call, token: str, meters: Meters, seconds: float, callers: int, *, first: int
) -> OperationTimes:
    caller = Caller(endpoints, call, token)
    for number in range(WARM_UP_CALLS):
        caller.call(first - number - 1)
    api, database = meters.read()
    alone = caller.keep_calling(first, seconds)
    begun = time.perf_counter()
    callers = min(callers, call.most_callers)
    with ThreadPoolExecutor(callers) as threads:
        every = [Caller(endpoints, call, token) for _ in range(callers)]
        runs = [
            threads.submit(each.keep_calling, first + (n + 1) * CALLS_APART // 100, seconds)
            for n, each in enumerate(every)
        ]
        together = [time for run in runs for time in run.result()]
    took = time.perf_counter() - begun
    api_after, database_after = meters.read()
    count = len(alone) + len(together)
    cuts = quantiles(alone, n=20) if len(alone) > 1 else alone * 19
    return OperationTimes(
        name=call.name,
        service=call.service,
        calls=count,
        mean=fmean(alone),
        p50=cuts[9],
        p95=cuts[18],
        alone=tuple(alone),
        per_second=len(together) / took,
        processor=(api_after - api) / count,
        database=(database_after - database) / count,
    )


class Caller:
    """One connection that calls the same operation over and over; a client library would cost more than the server."""

    def __init__(self, endpoints: Endpoints, call: Call, token: str) -> None:
        self._call = call
        self._connection = HTTPConnection(LOOPBACK, endpoints.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": call.content_type}

    def keep_calling(self, first: int, seconds: float) -> list[float]:
        """Wall times of the calls made within `seconds`."""
        times: list[float] = []
        end = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < end or not times:
            self.call(first + len(times))
            times.append(time.perf_counter() - begun)
        return times

    def call(self, number: int) -> Mapping[str, Any]:
        """The body of the reply. Raises DevstackError unless it is a success."""
        self._connection.request(self._call.method, self._call.path, self._call.body(number), self._headers)
        reply = self._connection.getresponse()
        content = reply.read()
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise DevstackError(f"{self._call.method} {self._call.path} was answered {reply.status}: {content[:200]!r}")
        body: Mapping[str, Any] = json.loads(content)
        return body


def sign_in_token(endpoints: Endpoints, user: DemoUser) -> str:
    """The access token of a user who signs in."""
    sign_in = next(call for call in calls(user) if call.name == "sign_in")
    return str(Caller(endpoints, sign_in, "").call(0)["access_token"])
