"""Measures what a request costs the API process, by class of route, beside the limit that is set for it.

Processor time is counted, which other work on the machine changes little; the median time is the machine's as it was.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from accunode_devstack import postgres
from accunode_devstack.bench_api import CALLS_APART, ROUNDS, Call, Caller, Meters, calls, sign_in_token
from accunode_devstack.demo.people import DemoUser
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.gateway import ROLES
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import GATEWAY, WORKER
from accunode_devstack.state import State

LIMITS = {"health": 100, "profile": 1200, "predictions": 2000, "predict": 3000}
"""Microseconds of the API process's processor that a request may cost."""
NOT_MEASURED = frozenset({"sign_in", "upload"})
"""Dear by intent, and at work for as long as the caller sends."""
WARM_UP_CALLS = 50
COUNTED_CALLS = 20
_USERS = "|".join(ROLES.values())
_STATEMENT = re.compile(
    rf" (?:{_USERS})@\S+ LOG:  (?:statement|execute [^:]*): (?!BEGIN|COMMIT|ROLLBACK)".encode(), re.IGNORECASE
)


@dataclass(frozen=True)
class RequestCost:
    """What a request of one class costs.

    Attributes:
        name: The operation.
        request: Its method and path.
        processor: Microseconds of the API process's processor.
        limit: How many it may be; None where none is set.
        p50: The median time in milliseconds, with one caller.
        statements: How many the service sends to PostgreSQL, without BEGIN and COMMIT; None where its log is not ours.
    """

    name: str
    request: str
    processor: float
    limit: int | None
    p50: float
    statements: float | None

    def cells(self) -> tuple[str, ...]:
        """The row of a table under `HEADINGS`."""
        return (
            self.request,
            f"{self.processor:,.0f}",
            f"{self.limit:,}" if self.limit else "",
            f"{self.processor / self.limit:.2f}" if self.limit else "",
            f"{self.p50:.2f}",
            "" if self.statements is None else f"{self.statements:.1f}",
        )


HEADINGS = ("request", "processor, µs", "limit, µs", "of the limit", "p50, ms", "statements")


def measure_http(state: State, endpoints: Endpoints, user: DemoUser, *, requests: int) -> list[RequestCost]:
    """Send `requests` of each class in each of several rounds, by one caller; the cheapest round counts.

    It stops the stack's worker first. Raises DevstackError when a request is not answered with success.
    """
    supervisor = Supervisor(state)
    supervisor.stop([WORKER])
    token = sign_in_token(endpoints, user)
    meters = Meters.of(state, GATEWAY)
    measured = [call for call in calls(user) if call.name not in NOT_MEASURED]
    rounds = [
        [_cost(Caller(endpoints, call, token), meters, requests, first=CALLS_APART * number) for call in measured]
        for number in range(1, ROUNDS + 1)
    ]
    best = [min(costs) for costs in zip(*rounds, strict=True)]
    with _every_statement_logged(endpoints):
        statements = [_statements(supervisor, endpoints, call, token) for call in measured]
    return [
        RequestCost(
            call.name, f"{call.method} {call.path}", processor * 1e6, LIMITS.get(call.name), p50 * 1e3, statements_sent
        )
        for call, (processor, p50), statements_sent in zip(measured, best, statements, strict=True)
    ]


def _cost(caller: Caller, meters: Meters, requests: int, *, first: int) -> tuple[float, float]:
    """Seconds of the processor, and the median seconds of waiting, for one request."""
    for number in range(WARM_UP_CALLS):
        caller.call(first + number)
    before, _ = meters.read()
    times = []
    for number in range(requests):
        begun = time.perf_counter()
        caller.call(first + WARM_UP_CALLS + number)
        times.append(time.perf_counter() - begun)
    after, _ = meters.read()
    return (after - before) / requests, median(times)


def _statements(supervisor: Supervisor, endpoints: Endpoints, call: Call, token: str) -> float | None:
    if postgres.NAME not in endpoints.embedded:
        return None
    caller = Caller(endpoints, call, token)
    log = supervisor.log_of(postgres.NAME)
    before = log.stat().st_size
    for number in range(COUNTED_CALLS):
        caller.call(CALLS_APART * (ROUNDS + 1) + number)
    with log.open("rb") as file:
        file.seek(before)
        return len(_STATEMENT.findall(file.read())) / COUNTED_CALLS


@contextmanager
def _every_statement_logged(endpoints: Endpoints) -> Iterator[None]:
    """Have PostgreSQL log each statement, as ever without its parameters."""
    with postgres.changed_settings(endpoints.admin_url, log_statement="all"):
        # Its sessions read the settings anew when their next statement comes.
        time.sleep(1)
        yield
