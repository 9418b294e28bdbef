"""The queues as the workers see them: taken from in turn, so that a full one never hides the others."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import simpy

from accunode_common.tasks.messages import Queue


@dataclass(slots=True, eq=False)
class Task:
    """A message: what is to be done, for how long, and what follows.

    Attributes:
        queue: Where it waits.
        kind: The task's name.
        seconds: How long it takes at full speed.
        processor: vCPUs that it uses meanwhile.
        database: PostgreSQL's processor seconds for each second of it.
        done: Called when it has ended.
    """

    queue: Queue
    kind: str
    seconds: float
    processor: float = 1.0
    database: float = 0.0
    done: Callable[[], None] = lambda: None
    queued_at: float = field(default=0.0, init=False)


class Rotation:
    """The order in which one worker asks the queues: the one that gave the last message is asked last."""

    def __init__(self) -> None:
        self.order = list(Queue)

    def gave(self, queue: Queue) -> None:
        """This queue goes to the end."""
        self.order.remove(queue)
        self.order.append(queue)


class Board:
    """The queues, and who waits for a message. Whoever has waited longest is woken first."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self.queues: dict[Queue, deque[Task]] = {queue: deque() for queue in Queue}
        self._idle: deque[simpy.Event] = deque()
        self.arrived = 0

    def __len__(self) -> int:
        return sum(map(len, self.queues.values()))

    def put(self, task: Task) -> None:
        """Queue a message."""
        task.queued_at = self._env.now
        self.arrived += 1
        self.queues[task.queue].append(task)
        while self._idle:
            event = self._idle.popleft()
            if not event.triggered:
                event.succeed()
                return

    def take(self, rotation: Rotation) -> Task | None:
        """The next message for a worker, None if all queues are empty."""
        for queue in rotation.order:
            if self.queues[queue]:
                rotation.gave(queue)
                return self.queues[queue].popleft()
        return None

    def idle(self) -> simpy.Event:
        """An event that comes with the next message."""
        event = self._env.event()
        self._idle.append(event)
        return event
