"""Fills a stack, and has more and more people work on it."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence

import psutil
import psycopg

from accunode_devstack import postgres
from accunode_devstack.bench import measure
from accunode_devstack.bench_api import processor_seconds
from accunode_devstack.demo.client import ApiClient
from accunode_devstack.demo.people import DemoUser
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.load.people import add_people, sign_in
from accunode_devstack.load.report import ASKING, CALLERS, Load, Step
from accunode_devstack.load.statements import measured_statements
from accunode_devstack.load.visits import hammer, visit
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import NAMES as PROGRAMS
from accunode_devstack.state import State

_HAMMERED_SECONDS = 20.0
_FEWEST, _MOST = 40, 10_000


def numbers_of_people(text: str) -> list[int]:
    """The steps that a command line names, such as `250,500,1000`: 40 to 10,000 people each.

    Raises:
        DevstackError: It names something else.
    """
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if not all(_FEWEST <= number <= _MOST for number in numbers):
        raise DevstackError(f"{text!r} are no numbers of people: give {_FEWEST} to {_MOST:,} each, as in 250,500,1000.")
    return sorted(set(numbers))


def measure_load(
    state: State,
    endpoints: Endpoints,
    client: ApiClient,
    user: DemoUser,
    *,
    rows: int,
    people: Sequence[int],
    seconds: float,
    say: Callable[[str], None],
) -> Load:
    """Store `rows` rows by an upload, and have each number of `people` work for `seconds`, one after the other.

    Raises:
        DevstackError: The rows cannot be stored, or a person cannot sign in.
        ConnectionError: A list or dashboard was not answered, while nothing else was asked.
    """
    say(f"Storing {rows:,} rows")
    measure(client, state, rows)
    addresses = add_people(endpoints, user, max(people))
    _settle(endpoints)
    say(f"Asking for lists and dashboards by {CALLERS} callers")
    tokens = asyncio.run(sign_in(endpoints.port, addresses[: 10 * CALLERS], user.password))
    throughput = asyncio.run(hammer(endpoints.port, tokens, min(seconds, _HAMMERED_SECONDS), callers=CALLERS))
    steps: list[Step] = []
    for series, number in enumerate(people):
        # Anew each time: a token lasts for a quarter of an hour.
        tokens = asyncio.run(sign_in(endpoints.port, addresses[:number], user.password))
        say(f"{number:,} people work for {seconds:.0f} s")
        steps.append(_step(state, endpoints, tokens, seconds, series))
    return Load(rows, os.cpu_count() or 1, throughput, steps)


def _step(state: State, endpoints: Endpoints, tokens: Sequence[str], seconds: float, series: int) -> Step:
    supervisor = Supervisor(state)
    running = {name: supervisor.find(name) for name in (*PROGRAMS, postgres.NAME, "redis")}
    parts = {name: part.process for name, part in running.items() if part is not None}
    with measured_statements(endpoints, supervisor.log_of(postgres.NAME)) as statements:
        before, begun = _used(parts), time.perf_counter()
        log = asyncio.run(visit(endpoints.port, tokens, seconds, series=series))
        took, after = time.perf_counter() - begun, _used(parts)
    return Step(len(tokens), took, log, {name: after[name] - before[name] for name in after}, statements)


def _used(parts: dict[str, psutil.Process]) -> dict[str, float]:
    """Seconds of the processor that each part has used so far, and this process, which asks."""
    return {name: processor_seconds(process) for name, process in parts.items()} | {ASKING: time.process_time()}


def _settle(endpoints: Endpoints) -> None:
    """Have statistics and visibility of what was loaded, as they are on a database that runs for a while."""
    with psycopg.connect(endpoints.admin_url, dbname=endpoints.database, autocommit=True) as admin:
        admin.execute("VACUUM (ANALYZE)")
