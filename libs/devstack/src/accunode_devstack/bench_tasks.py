"""Measures the workers' tasks: what each took by the worker's own log, while uploads of several sizes ran alone."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from accunode_devstack.bench import measure
from accunode_devstack.bench_api import Meters
from accunode_devstack.demo.client import ApiClient
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import WORKER
from accunode_devstack.state import State


@dataclass(frozen=True)
class UploadTimes:
    """What an upload's tasks took, in seconds.

    Attributes:
        rows: Rows of each upload.
        seconds: From the POST to the job's end, of each upload.
        tasks: The duration of each task by the task's name.
        processor: Processor time of the worker.
        database: Processor time of PostgreSQL.
    """

    rows: int
    seconds: tuple[float, ...]
    tasks: Mapping[str, tuple[float, ...]]
    processor: float
    database: float


def measure_tasks(
    client: ApiClient, state: State, sizes: Iterable[tuple[int, int]], say: Callable[[str], None]
) -> list[UploadTimes]:
    """Upload files of each number of rows so many times, one after another. Raises DevstackError when a job fails."""
    log, meters = Supervisor(state).log_of(WORKER), Meters.of(state, WORKER)
    found, series = [], 0
    for rows, repeats in sizes:
        say(f"Uploading {rows:,} rows {repeats} times")
        seen = log.stat().st_size
        processor, database = meters.read()
        seconds = []
        for _ in range(repeats):
            seconds.append(measure(client, state, rows, series=series).seconds)
            series += 1
        after = meters.read()
        with log.open("rb") as lines:
            lines.seek(seen)
            tasks = durations(line.decode() for line in lines)
        found.append(UploadTimes(rows, tuple(seconds), tasks, after[0] - processor, after[1] - database))
    return found


def durations(log: Iterable[str]) -> dict[str, tuple[float, ...]]:
    """Seconds of each task that a worker's log says has succeeded, by the task's name."""
    found = defaultdict(list)
    for line in log:
        try:
            data = json.loads(line).get("data", {})
        except ValueError:
            # The log has lines of Celery's start that are not JSON.
            continue
        if "runtime" in data:
            found[data["name"]].append(float(data["runtime"]))
    return {name: tuple(times) for name, times in found.items()}
