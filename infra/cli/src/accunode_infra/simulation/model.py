"""A day, replayed: people and files come, the alarms ring, the fleets follow, and everything is written down.

The workers' side runs as events (simpy), the API's side minute by minute. Both share the clock, the database and the
minute's control loop.
"""

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
import simpy

from accunode_common.scaling import AlarmState, FleetPolicy, look_back, next_state, shipped_policy
from accunode_common.tasks.messages import Queue
from accunode_infra.cost.prices import prices
from accunode_infra.simulation.board import Board, Task
from accunode_infra.simulation.control import Act, Control
from accunode_infra.simulation.copies import ApiFleet
from accunode_infra.simulation.credits import Credits
from accunode_infra.simulation.database import Database
from accunode_infra.simulation.day import DAY, HOUR, Day, Weekday
from accunode_infra.simulation.limits import Limits
from accunode_infra.simulation.money import Money, reckon
from accunode_infra.simulation.platform import Platform, drawn
from accunode_infra.simulation.requests import Minute, Requests
from accunode_infra.simulation.shape import Instances, Shape
from accunode_infra.simulation.tally import Tally
from accunode_infra.simulation.times import ServiceTimes, draw_task
from accunode_infra.simulation.uploads import Upload, Uploads
from accunode_infra.simulation.workers import Workers
from accunode_ml.settings import ChunkSettings

Steps = Generator[simpy.Event]

CHUNK_ROWS: int = ChunkSettings.model_fields["rows"].default
CHUNKS_IN_FLIGHT: int = ChunkSettings.model_fields["in_flight"].default

BUSY = 0.95
"""The share of the time from which on a process counts as having none left."""


@dataclass(frozen=True)
class Inputs:
    """What is replayed, on what."""

    day: Day
    weekday: Weekday
    shape: Shape
    times: ServiceTimes
    platform: Platform
    seed: int


@dataclass
class Record:
    """The day, a value a minute: what the charts are drawn from.

    Attributes:
        nodes: Instances of the API and of the workers, in this order.
        waiting: Messages in each queue at the minute's end.
    """

    users: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    copies: dict[str, list[int]] = field(default_factory=dict)
    utilisation: dict[str, list[float]] = field(default_factory=dict)
    database: list[float] = field(default_factory=list)
    api_nodes: list[int] = field(default_factory=list)
    worker_nodes: list[int] = field(default_factory=list)
    worker_busy: list[float] = field(default_factory=list)
    waiting: dict[Queue, list[int]] = field(default_factory=lambda: {queue: [] for queue in Queue})
    credits: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """What a day was like.

    Attributes:
        responses: Response times by operation.
        waits: Time in the queue by queue.
        turnarounds: From an upload's arrival to its end, by the queue that its chunks take.
        unfinished: Uploads that had not ended at the end of the day.
        acts: Every change of a fleet, in order.
        money: Instance-hours, credits and dollars.
    """

    inputs: Inputs
    record: Record
    responses: dict[str, Tally]
    waits: dict[Queue, Tally]
    turnarounds: dict[Queue, Tally]
    arrived: int
    lost: int
    tasks_arrived: int
    tasks_done: int
    unfinished: int
    acts: list[Act]
    limits: Limits
    money: Money


def simulate(inputs: Inputs) -> Result:
    """Replay the day. The same inputs give the same result."""
    return _Simulation(inputs).run()


class _Simulation:
    def __init__(self, inputs: Inputs) -> None:
        self._in = inputs
        self._env = simpy.Environment()
        # A stream of its own for each part: changing one part does not change what the others draw.
        people, files, api, launches, tasks = np.random.default_rng(inputs.seed).spawn(5)
        self._files, self._random = files, tasks
        shape, delays = inputs.shape, inputs.platform.delays
        self._fleet = ApiFleet(
            shape.services,
            shape.api_instances,
            new_credits=lambda: self._credits(shape.api_instances),
            boot=drawn(api, delays.provisioning, delays.boot),
            start=drawn(api, delays.pull, delays.start_service),
            release=drawn(api, delays.release),
        )
        slower = inputs.platform.slower_than_measured.value
        self._requests = Requests(
            inputs.day, inputs.weekday, inputs.times, self._fleet, people, timeout=shape.timeout, slower=slower
        )
        self._database = Database(Credits(*self._burstable(shape.database.removeprefix("db.")), unlimited=True))
        self._board = Board(self._env)
        self._waits = {queue: Tally() for queue in Queue}
        self._turnarounds = {queue: Tally() for queue in Queue}
        self._workers = Workers(
            self._env,
            self._board,
            processes=shape.worker_processes,
            launching=inputs.platform.worker_launching(launches),
            new_credits=lambda: self._credits(shape.worker_instances),
            started=lambda task, wait: self._waits[task.queue].add(np.array([wait])),
            database_slowness=self._database.task_slowness,
        )
        self._uploads = Uploads(
            self._env,
            self._board,
            inputs.times,
            tasks,
            chunk_rows=CHUNK_ROWS,
            chunks_in_flight=CHUNKS_IN_FLIGHT,
            bytes_per_row=inputs.platform.bytes_per_row.value,
            ended=self._upload_ended,
        )
        self._control = Control("workers", shape.workers)
        self._alert = shipped_policy().backlog_alert
        self._alerted, self._lengths = AlarmState.INSUFFICIENT_DATA, list[float]()
        self._record, self._limits = Record(), Limits()

    def run(self) -> Result:
        self._workers.begin(min(self._in.shape.workers.minimum, self._in.shape.worker_instances.maximum))
        for account in (
            *(node.credits for node in self._fleet.nodes),
            *(each.credits for each in self._workers.instances),
        ):
            account.balance = self._in.platform.credits_at_midnight.value
        self._database.credits.balance = self._in.platform.credits_at_midnight.value
        for process in (self._minutes(), self._small_files(), *self._spikes(), *self._rounds()):
            self._env.process(process)
        # A little longer, so that the last minute ends, too.
        self._env.run(until=DAY + 0.001)
        acts = [*self._control.acts, *(act for copies in self._fleet.services.values() for act in copies.control.acts)]
        return Result(
            inputs=self._in,
            record=self._record,
            responses=self._requests.tallies,
            waits=self._waits,
            turnarounds=self._turnarounds,
            arrived=self._requests.arrived,
            lost=self._requests.lost,
            tasks_arrived=self._board.arrived,
            tasks_done=self._workers.finished,
            unfinished=sum(upload.ended is None for upload in self._uploads.every),
            acts=sorted(acts, key=lambda act: act.at),
            limits=self._limits,
            money=reckon(self._in.shape, self._fleet, self._workers, self._database.credits, DAY),
        )

    def _credits(self, instances: Instances) -> Credits:
        return Credits(*self._burstable(instances.type), unlimited=instances.unlimited)

    @staticmethod
    def _burstable(kind: str) -> tuple[int, float]:
        found = prices().burstable[kind]
        return found.vcpus, float(found.baseline) * found.vcpus * 60

    def _upload_ended(self, upload: Upload) -> None:
        self._turnarounds[upload.queue].add(np.array([self._env.now - upload.begun]))

    def _small_files(self) -> Steps:
        """Files that people upload and wait for."""
        files, scale = self._in.day.files, self._in.day.users.concurrent
        while True:
            yield self._env.timeout(self._files.exponential(HOUR / (files.per_user_hour * scale)))
            # Thinned: as many as work at this time, of as many as could.
            if self._files.random() * scale < self._in.day.users_at(self._env.now, self._in.weekday):
                rows = int(self._files.choice(files.rows))
                self._uploads.submit(int(self._files.integers(files.tenants)), rows)

    def _spikes(self) -> list[Steps]:
        share = self._in.day.weekdays.get(self._in.weekday, 0.0)
        return [
            self._at(spike.seconds + self._files.random() * spike.within_seconds, tenant, spike.rows)
            for spike in self._in.day.spikes
            for tenant in range(round(spike.files * share) or int(share > 0))
        ]

    def _at(self, seconds: float, tenant: int, rows: int) -> Steps:
        yield self._env.timeout(seconds)
        self._uploads.submit(tenant, rows)

    def _rounds(self) -> list[Steps]:
        return [self._round(each.seconds, each.task) for each in self._in.day.rounds]

    def _round(self, seconds: float, kind: str) -> Steps:
        yield self._env.timeout(seconds)
        times = self._in.times.task(kind)
        for _ in range(self._in.day.files.tenants):
            took = draw_task(times, 0, self._random)
            self._board.put(Task(Queue.MAINTENANCE, kind, took, times.processor, times.database))

    def _minutes(self) -> Steps:
        while True:
            begun = self._env.now
            yield self._env.timeout(60)
            worked, self._workers.database = self._workers.database, 0.0
            slowness = self._database.request_slowness(self._workers.running, self._workers.wanted)
            minute = self._requests.minute(begun, slowness)
            used = self._workers.minute_ends()
            self._database.pass_minute(minute.database, worked)
            self._scale(minute)
            self._note(minute, used)

    def _scale(self, minute: Minute) -> None:
        now = self._env.now
        for name, copies in self._fleet.services.items():
            percent = 100 * minute.used[name] / 60 * 1024 / (copies.shape.cpu * copies.running)
            self._record.utilisation.setdefault(name, []).append(percent)
            capacity = copies.control.minute(now, percent, copies.desired)
            self._fleet.scale(now, name, capacity)
        length = len(self._board)
        most = min(self._in.shape.workers.maximum, self._in.shape.worker_instances.maximum)
        wanted = self._control.minute(now, length, self._workers.capacity)
        self._workers.scale_to(min(wanted, most))
        self._lengths = [*self._lengths, float(length)][-look_back(self._alert) :]
        self._alerted = next_state(self._alert, self._alerted, self._lengths)

    def _note(self, minute: Minute, used: float) -> None:
        now, record, shape = self._env.now, self._record, self._in.shape
        record.users.append(minute.users)
        record.requests.append(minute.requests / 60)
        responses = np.concatenate(minute.responses)
        record.p95.append(float(np.quantile(responses, 0.95)) if len(responses) else 0.0)
        record.database.append(self._database.busy)
        standing = self._workers.standing
        record.api_nodes.append(len(self._fleet.standing))
        record.worker_nodes.append(len(standing))
        record.worker_busy.append(used / 60 / sum(worker.credits.vcpus for worker in standing) if standing else 0.0)
        every = [*(node.credits for node in self._fleet.standing), *(worker.credits for worker in standing)]
        record.credits.append(min((each.balance - each.surplus for each in every), default=0.0))
        for queue, waiting in record.waiting.items():
            waiting.append(len(self._board.queues[queue]))
        for name, copies in self._fleet.services.items():
            record.copies.setdefault(name, []).append(copies.running)
            self._limits.see(f"database connections ({name})", now, minute.connections[name] / copies.shape.pool)
        # Pools keep what they have opened; a worker's process has one.
        pools = sum(copies.running * copies.shape.pool for copies in self._fleet.services.values())
        opened = pools + sum(worker.loops for worker in standing)
        self._limits.see("database connections (all)", now, opened / shape.connections)
        for station, share in minute.busy.items():
            self._limits.see(f"processor ({station})", now, share / BUSY)
        self._limits.see("processors of an API instance", now, minute.node / BUSY)
        self._limits.see("processors of the database", now, self._database.busy / BUSY)
        self._limits.see("requests lost", now, float(minute.lost > 0))
        self._limits.see("CPU credits", now, max(each.strain for each in every))
        # All that may run do, and still more wait than people are told of.
        at_most = len([worker for worker in standing if not worker.draining]) >= _most(shape.workers, shape)
        self._limits.see("workers", now, float(at_most and self._alerts))

    @property
    def _alerts(self) -> bool:
        return self._alerted is AlarmState.ALARM


def _most(policy: FleetPolicy, shape: Shape) -> int:
    return min(policy.maximum, shape.worker_instances.maximum)
