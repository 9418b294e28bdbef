"""Bulk uploads as the product does them: a file is read once, then scored in chunks.

Each tenant has a bounded number of chunks with the workers in each queue, and its jobs take turns
(`accunode_ml.bulk.dispatch`). Small jobs have a queue of their own.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import simpy

from accunode_common.tasks.messages import IngestFile, Queue, ScoreChunk, queue_for_bytes, queue_for_rows
from accunode_infra.simulation.board import Board, Task
from accunode_infra.simulation.times import ServiceTimes, draw_task


@dataclass(slots=True, eq=False)
class Upload:
    """A file on its way. Times in seconds; `ended` is None until all its rows are stored."""

    number: int
    tenant: int
    rows: int
    begun: float
    chunks_left: int
    ended: float | None = None

    @property
    def queue(self) -> Queue:
        """Where its chunks are scored."""
        return queue_for_rows(self.rows)


@dataclass(slots=True)
class _Share:
    """A tenant's chunks in one queue: those with the workers, and those that wait for their turn."""

    in_flight: int = 0
    waiting: list[tuple[int, int, Upload]] = field(default_factory=list)


class Uploads:
    """All uploads of a day.

    Attributes:
        every: Each, in the order of arrival.
    """

    def __init__(
        self,
        env: simpy.Environment,
        board: Board,
        times: ServiceTimes,
        random: np.random.Generator,
        *,
        chunk_rows: int,
        chunks_in_flight: int,
        bytes_per_row: float,
        ended: Callable[[Upload], None] = lambda _: None,
    ) -> None:
        self._env = env
        self._board = board
        self._times = times
        self._random = random
        self._chunk_rows = chunk_rows
        self._chunks_in_flight = chunks_in_flight
        self._bytes_per_row = bytes_per_row
        self._ended = ended
        self._shares: dict[tuple[int, Queue], _Share] = defaultdict(_Share)
        self.every: list[Upload] = []

    def submit(self, tenant: int, rows: int) -> None:
        """A file of so many rows arrives."""
        upload = Upload(len(self.every), tenant, rows, self._env.now, -(-rows // self._chunk_rows))
        self.every.append(upload)
        queue = queue_for_bytes(round(rows * self._bytes_per_row))
        self._board.put(self._task(IngestFile.task, queue, rows, lambda: self._read(upload)))

    def _task(self, kind: str, queue: Queue, rows: int, done: Callable[[], None]) -> Task:
        times = self._times.task(kind)
        seconds = draw_task(times, rows, self._random)
        return Task(queue, kind, seconds, times.processor, times.database, done)

    def _read(self, upload: Upload) -> None:
        share = self._shares[upload.tenant, upload.queue]
        for number in range(upload.chunks_left):
            heapq.heappush(share.waiting, (number, upload.number, upload))
        self._hand_out(share)

    def _hand_out(self, share: _Share) -> None:
        while share.waiting and share.in_flight < self._chunks_in_flight:
            number, _, upload = heapq.heappop(share.waiting)
            rows = min(self._chunk_rows, upload.rows - number * self._chunk_rows)
            share.in_flight += 1
            self._board.put(self._task(ScoreChunk.task, upload.queue, rows, self._scored(share, upload)))

    def _scored(self, share: _Share, upload: Upload) -> Callable[[], None]:
        def done() -> None:
            share.in_flight -= 1
            upload.chunks_left -= 1
            if not upload.chunks_left:
                upload.ended = self._env.now
                self._ended(upload)
            self._hand_out(share)

        return done
