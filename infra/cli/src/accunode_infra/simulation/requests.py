"""The API's requests, a minute at a time: who asks for what, how long it takes, and what it uses.

A copy's process answers one request after another (its event loop), requests are handed to copies in turn, and what a
request waits for elsewhere, the database mostly, keeps no process busy. Passwords are hashed in threads beside it.
People ask again when they have had their answer, so a slow API is asked less.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accunode_common.settings import HashingSettings
from accunode_infra.simulation.copies import ApiFleet
from accunode_infra.simulation.day import Day, Weekday
from accunode_infra.simulation.queueing import Vector, crowding, serve_in_turn
from accunode_infra.simulation.tally import Tally
from accunode_infra.simulation.times import Operation, ServiceTimes, draw_processor

SIGN_IN = "sign_in"
HASHED_AT_ONCE: int = HashingSettings.model_fields["concurrency"].default
MEMORY_MINUTES = 5
"""How long people remember how slow it was."""


@dataclass(slots=True)
class Minute:
    """What a minute was like.

    Attributes:
        users: People at work.
        requests: Requests that came.
        lost: Requests that the load balancer gave up, or that never got a connection.
        responses: Each answer's time, in seconds.
        used: vCPU-seconds by service.
        busy: The share of the time in which a copy's loop, or one of its hashing threads, works.
        connections: Database connections in use by a copy of each service, on average.
        database: PostgreSQL's processor seconds.
        node: The share of the busiest instance's processors in use.
    """

    users: float
    requests: int = 0
    lost: int = 0
    responses: list[Vector] = field(default_factory=list)
    used: dict[str, float] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)
    connections: dict[str, float] = field(default_factory=dict)
    database: float = 0.0
    node: float = 0.0


class Requests:
    """The people and the API.

    Attributes:
        tallies: Response times by operation.
        arrived: Requests so far; each was answered or lost.
        lost: Those given up.
    """

    def __init__(
        self,
        day: Day,
        weekday: Weekday,
        times: ServiceTimes,
        fleet: ApiFleet,
        random: np.random.Generator,
        *,
        timeout: float,
        slower: float,
    ) -> None:
        self._day = day
        self._weekday = weekday
        self._fleet = fleet
        self._random = random
        self._timeout = timeout
        self._slower = slower
        self._operations = {name: times.operation(name) for name in [*day.requests, SIGN_IN]}
        self._remembered: deque[float] = deque([0.0], maxlen=MEMORY_MINUTES)
        self._backlogs: dict[str, list[float]] = {}
        self._shares: dict[str, float] = {}
        self.tallies = {name: Tally() for name in self._operations}
        self.arrived = 0
        self.lost = 0

    def minute(self, now: float, database_slowness: float) -> Minute:
        """Serve the minute that begins at `now` with a database that takes so many times as long as an idle one."""
        self._fleet.begin_minute(now)
        middle = now + 30
        found = Minute(users=self._day.users_at(middle, self._weekday))
        asked = found.users / (self._day.users.think_seconds + float(np.mean(self._remembered)))
        rates = {name: asked * share for name, share in self._day.requests.items()}
        rates[SIGN_IN] = rates.get(SIGN_IN, 0.0) + self._day.sign_ins_at(middle, self._weekday)
        for service, threads, names in self._stations():
            self._serve(found, service, threads, {name: rates[name] for name in names}, database_slowness)
        for service in self._fleet.services:
            found.used.setdefault(service, 0.0)
        found.node = self._fleet.end_minute(now + 60, found.used)
        self._remembered.append(float(np.concatenate(found.responses).mean()) if found.requests else 0.0)
        self.arrived += found.requests
        self.lost += found.lost
        return found

    def _stations(self) -> Iterator[tuple[str, bool, list[str]]]:
        for service in self._fleet.services:
            for threads in (False, True):
                names = [
                    name
                    for name, operation in self._operations.items()
                    if (operation.service, operation.threads) == (service, threads)
                ]
                if names:
                    yield service, threads, names

    def _serve(
        self, minute: Minute, service: str, threads: bool, rates: Mapping[str, float], database_slowness: float
    ) -> None:
        copies = self._fleet.services[service].running
        station = f"{service} passwords" if threads else service
        servers = copies * (HASHED_AT_ONCE if threads else 1)
        backlogs = (self._backlogs.get(station, []) + [0.0] * servers)[:servers]
        counts = {name: int(self._random.poisson(rate * 60)) for name, rate in rates.items()}
        total = sum(counts.values())
        if not total and not any(backlogs):
            # Nothing to do, as in most minutes of a night.
            self._shares[station] = minute.busy[station] = 0.0
            self._backlogs[station] = backlogs
            minute.responses.append(np.empty(0))
            minute.connections.setdefault(service, 0.0)
            return
        kinds = np.repeat(np.arange(len(counts)), list(counts.values()))
        self._random.shuffle(kinds)
        slowness = self._slowness(service, threads)
        work, elsewhere = self._draw(kinds, [self._operations[name] for name in counts], database_slowness)
        arrivals = np.sort(self._random.random(total)) * 60
        before = sum(backlogs)
        waits = serve_in_turn(arrivals, work * slowness, backlogs, 60.0)
        done = (before + float(work.sum()) * slowness - sum(backlogs)) / slowness
        # Who has waited too long is gone, and so is what was left to do for them.
        self._backlogs[station] = [min(backlog, self._timeout) for backlog in backlogs]
        responses = waits + work * slowness + elsewhere
        lost = responses > self._timeout
        for index, name in enumerate(counts):
            self.tallies[name].add(responses[(kinds == index) & ~lost])
            minute.database += counts[name] * self._operations[name].database * self._slower
        minute.requests += total
        minute.lost += int(lost.sum())
        minute.responses.append(responses)
        minute.used[service] = minute.used.get(service, 0.0) + done
        minute.busy[station] = self._shares[station] = min(1.0, done * slowness / 60 / servers)
        held = float((work * slowness + elsewhere).sum()) / 60 / copies
        minute.connections[service] = minute.connections.get(service, 0.0) + held

    def _draw(
        self, kinds: NDArray[np.int64], operations: list[Operation], database_slowness: float
    ) -> tuple[Vector, Vector]:
        work, elsewhere = np.empty(len(kinds)), np.empty(len(kinds))
        for index, operation in enumerate(operations):
            own = kinds == index
            work[own] = draw_processor(operation, int(own.sum()), self._random) * self._slower
            elsewhere[own] = operation.elsewhere + operation.database * self._slower * (database_slowness - 1)
        return work, elsewhere

    def _slowness(self, service: str, threads: bool) -> float:
        """How many times as long work takes, as others work on the same instance: by what they did a minute ago."""
        own = f"{service} passwords" if threads else service
        others = []
        for station, share in self._shares.items():
            at_once = HASHED_AT_ONCE if station.endswith(" passwords") else 1
            others += [share] * (at_once - (station == own)) if share else []
        vcpus = self._fleet.standing[0].credits.vcpus
        return crowding(np.array(others), vcpus) / self._fleet.speed(0, sum(others) + 1)
