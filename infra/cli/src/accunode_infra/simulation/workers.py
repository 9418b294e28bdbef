"""The workers: instances that come and go, processes that take messages, and what they use."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from accunode_infra.simulation.board import Board, Rotation, Task
from accunode_infra.simulation.credits import Credits

Steps = Generator[simpy.Event, Any, None]


@dataclass(slots=True, eq=False)
class Worker:
    """One instance with one worker of several processes.

    Attributes:
        launched: When it was asked for, in seconds; it is paid for from then on.
        credits: Its CPU credits.
        ready: Whether its processes take messages.
        draining: Whether they take no more.
        ended: When it was given back, None while it stands.
        loops: Its processes that live.
        turn: Counts its openings and drainings, so that what was planned before the last of them is not done.
    """

    launched: float
    credits: Credits
    rotation: Rotation = field(default_factory=Rotation)
    ready: bool = False
    draining: bool = False
    ended: float | None = None
    loops: int = 0
    turn: int = 0
    running: list[Task] = field(default_factory=list)
    using: float = 0.0
    speed: float = 1.0
    wakes: list[simpy.Event] = field(default_factory=list)
    used: float = 0.0
    since: float = 0.0

    def mark(self, now: float) -> None:
        """Add up the vCPU-seconds used until now."""
        self.used += self.using * self.speed * (now - self.since)
        self.since = now


@dataclass(frozen=True, slots=True)
class Launching:
    """How long things take, drawn anew each time, in seconds.

    Attributes:
        instance: Until a new instance can run a worker.
        worker: Until the worker takes messages.
        release: From the last message of a drained instance until it is given back.
    """

    instance: Callable[[], float]
    worker: Callable[[], float]
    release: Callable[[], float]


class Workers:
    """All worker instances.

    Attributes:
        capacity: How many there should be.
        instances: Every one that has been, in the order of launch.
        finished: Messages done.
        database: PostgreSQL's processor seconds used, of messages done.
    """

    def __init__(
        self,
        env: simpy.Environment,
        board: Board,
        *,
        processes: int,
        launching: Launching,
        new_credits: Callable[[], Credits],
        started: Callable[[Task, float], None] = lambda _task, _wait: None,
        database_slowness: Callable[[int, float], float] = lambda _tasks, _wanted: 1.0,
    ) -> None:
        self._env = env
        self._board = board
        self._processes = processes
        self._launching = launching
        self._new_credits = new_credits
        self._started = started
        self._database_slowness = database_slowness
        self.capacity = 0
        self.instances: list[Worker] = []
        self.finished = 0
        self.database = 0.0

    @property
    def standing(self) -> list[Worker]:
        """The instances that are paid for now."""
        return [worker for worker in self.instances if worker.ended is None]

    @property
    def running(self) -> int:
        """Messages being worked on."""
        return sum(len(worker.running) for worker in self.instances)

    @property
    def wanted(self) -> float:
        """The database's processors that those would use if nobody was in their way."""
        return sum(task.database for worker in self.instances for task in worker.running)

    def begin(self, count: int) -> None:
        """Have so many from the very begin."""
        self.capacity = count
        for _ in range(count):
            self._open(self._add())

    def scale_to(self, capacity: int) -> None:
        """Launch or drain as many as it takes."""
        for _ in range(capacity - self.capacity):
            self._grow()
        for _ in range(self.capacity - capacity):
            self._shrink()
        self.capacity = capacity

    def minute_ends(self) -> float:
        """Settle a minute's credits; the vCPU-seconds that all used in it."""
        total = 0.0
        for worker in self.standing:
            worker.mark(self._env.now)
            worker.credits.pass_time(worker.used / 60, 1)
            total += worker.used
            worker.used = 0.0
            # What runs goes on at the speed it began with; the next messages get the new one.
            worker.speed = min(1.0, worker.credits.usable / self._processes)
        return total

    def _add(self) -> Worker:
        worker = Worker(launched=self._env.now, credits=self._new_credits(), since=self._env.now)
        self.instances.append(worker)
        return worker

    def _grow(self) -> None:
        # On an instance that has not been given back yet, a new worker starts sooner.
        drained = [worker for worker in self.standing if worker.draining and worker.ready and not worker.loops]
        worker = drained[-1] if drained else self._add()
        worker.draining = worker.ready = False
        worker.turn += 1
        self._env.process(self._start(worker, worker.turn, 0.0 if drained else self._launching.instance()))

    def _start(self, worker: Worker, turn: int, boot: float) -> Steps:
        yield self._env.timeout(boot + self._launching.worker())
        if worker.turn == turn:
            self._open(worker)

    def _open(self, worker: Worker) -> None:
        worker.ready = True
        worker.loops = self._processes
        for _ in range(self._processes):
            self._env.process(self._work(worker))

    def _shrink(self) -> None:
        # What is busy is protected: the least busy goes, the newest of those first.
        candidates = [worker for worker in self.standing if not worker.draining]
        worker = min(reversed(candidates), key=lambda each: (each.ready, len(each.running)))
        worker.draining = True
        worker.turn += 1
        for event in worker.wakes:
            if not event.triggered:
                event.succeed()
        worker.wakes.clear()
        if not worker.loops:
            self._env.process(self._release(worker))

    def _release(self, worker: Worker) -> Steps:
        turn = worker.turn
        yield self._env.timeout(self._launching.release())
        if worker.turn == turn:
            worker.mark(self._env.now)
            worker.ended = self._env.now
            worker.credits.end()

    def _work(self, worker: Worker) -> Steps:
        while not worker.draining:
            task = self._board.take(worker.rotation)
            if task is None:
                event = self._board.idle()
                worker.wakes = [wake for wake in worker.wakes if not wake.triggered]
                worker.wakes.append(event)
                yield event
            else:
                yield from self._do(worker, task)
        worker.loops -= 1
        if not worker.loops:
            yield from self._release(worker)

    def _do(self, worker: Worker, task: Task) -> Steps:
        self._started(task, self._env.now - task.queued_at)
        worker.mark(self._env.now)
        worker.running.append(task)
        slowness = self._database_slowness(self.running, self.wanted)
        longer = 1 + task.database * (slowness - 1)
        worker.using += task.processor / longer
        yield self._env.timeout(task.seconds * longer / worker.speed)
        worker.mark(self._env.now)
        worker.running.remove(task)
        worker.using -= task.processor / longer
        self.database += task.seconds * task.database
        self.finished += 1
        task.done()
