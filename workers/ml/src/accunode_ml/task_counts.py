"""Counts in a worker's main process what its processes end: how many tasks of each queue, and how long they took."""

import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from celery.worker.request import Request

from accunode_common.ids import made_at

MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Ended:
    """Tasks of one queue that have ended.

    Attributes:
        finished: How many did what they were to.
        failed: How many raised, or ran into their time limit.
        waited_seconds: From their messages' writing to their start, added up.
        ran_seconds: From their start to their end, added up.
    """

    finished: int = 0
    failed: int = 0
    waited_seconds: float = 0
    ran_seconds: float = 0

    def __add__(self, other: "Ended") -> "Ended":
        return Ended(
            self.finished + other.finished,
            self.failed + other.failed,
            self.waited_seconds + other.waited_seconds,
            self.ran_seconds + other.ran_seconds,
        )


class TaskCounts:
    """What has ended since somebody last took it, by queue; threads may add and take at once.

    Args:
        each: Whether to keep each task too, for percentiles; of many, the latest `MOST_KEPT` of a queue.
    """

    def __init__(self, *, each: bool = False) -> None:
        self._lock = threading.Lock()
        self._ended: dict[str, Ended] = {}
        self._each: dict[str, deque[Ended]] | None = {} if each else None

    def count(self, queue: str, task: Ended) -> None:
        """Count one task."""
        self.add({queue: task})
        with self._lock:
            if self._each is not None:
                self._each.setdefault(queue, deque(maxlen=MOST_KEPT)).append(task)

    def take_each(self) -> dict[str, list[Ended]]:
        """Each task that ended since this was last asked; it does not lessen what `take` gives."""
        with self._lock:
            taken, self._each = self._each or {}, {} if self._each is not None else None
        return {queue: list(tasks) for queue, tasks in taken.items()}

    def add(self, ended: dict[str, Ended]) -> None:
        """Count these too."""
        with self._lock:
            for queue, more in ended.items():
                self._ended[queue] = self._ended.get(queue, Ended()) + more

    def take(self) -> dict[str, Ended]:
        """All of it, which is then counted no more."""
        with self._lock:
            taken, self._ended = self._ended, {}
        return taken


def counted(counts: TaskCounts) -> type[Request]:
    """The class of requests whose ends are counted; a message that goes back to its queue has not ended."""

    class CountedRequest(Request):  # type: ignore[misc]
        _failed = False

        def on_failure(self, *args: Any, **kwargs: Any) -> Any:
            self._failed = True
            return super().on_failure(*args, **kwargs)

        def on_timeout(self, soft: bool, timeout: float) -> None:
            self._failed = self._failed or not soft
            super().on_timeout(soft, timeout)

        def acknowledge(self) -> None:
            # Celery's own class overrides on_success without asking this one; every end acknowledges.
            if not self.acknowledged:
                counts.count(self.delivery_info["routing_key"], self._as_ended(time.time()))
            super().acknowledge()

        def _as_ended(self, now: float) -> Ended:
            one = Ended(failed=1) if self._failed else Ended(finished=1)
            if self.time_start is None:
                return one
            written = _written_at(self.id)
            waited = 0.0 if written is None else max(0.0, self.time_start - written)
            return replace(one, waited_seconds=waited, ran_seconds=max(0.0, now - self.time_start))

    return CountedRequest


def _written_at(task_id: str) -> float | None:
    """The outbox row's id is the task's."""
    try:
        return made_at(UUID(task_id))
    except ValueError:
        return None
