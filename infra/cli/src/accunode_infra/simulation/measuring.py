"""`python -m accunode_infra.simulation.measuring`: measures the service times on a stack of its own and writes them.

`make service-times` runs it. What the file holds is this machine's; the file says which that was, and how busy.
"""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import psutil
import typer
import yaml

from accunode_devstack.bench import measure, temporary_stack
from accunode_devstack.bench_api import OperationTimes, measure_api
from accunode_devstack.bench_tasks import UploadTimes, durations, measure_tasks
from accunode_devstack.credentials import keep_credentials
from accunode_devstack.demo.people import analyst, demo_users
from accunode_devstack.endpoints import read_endpoints
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import WORKER
from accunode_infra.simulation.times import as_quantiles
from accunode_ml.settings import ChunkSettings

SIZES = ((1, 6), (500, 6), (5_000, 6), (20_000, 3), (100_000, 1))
"""Rows of the uploads, and how many there are of each."""
CHUNK_ROWS: int = ChunkSettings.model_fields["rows"].default
COMPANIES = 10_000
"""Of the tenant whose people call the API."""
SECONDS, CALLERS = 1.5, 4
HEAD = """\
# Service times, measured by `make service-times`: do not edit, measure. Seconds; a distribution is its 21 quantiles
# from the least to the most, 5 % apart.
"""
SHIPPED = Path(__file__).with_name("service_times.yaml")


def main(
    path: Annotated[Path, typer.Argument(help="Where the service times are written.")] = SHIPPED,
) -> None:
    """Measure the API's operations and the workers' tasks on a stack of their own, for some four minutes."""
    busy = [os.getloadavg()[0]]
    operations = _measure_operations()
    busy.append(os.getloadavg()[0])
    with temporary_stack(typer.echo) as (state, client):
        uploads = measure_tasks(client, state, SIZES, typer.echo)
        log = Supervisor(state).log_of(WORKER).read_text().splitlines()
    busy.append(os.getloadavg()[0])
    content = {
        "measured": _circumstances(busy),
        "operations": {each.name: _operation(each) for each in operations if each.name != "health"},
        "tasks": _tasks(uploads, durations(log)),
    }
    path.write_text(HEAD + yaml.safe_dump(content, sort_keys=False, width=120, default_flow_style=None))
    typer.echo(f"Wrote {path.name}")


def _measure_operations() -> list[OperationTimes]:
    with temporary_stack(typer.echo) as (state, client):
        user, endpoints = analyst(demo_users(keep_credentials(state).demo)), read_endpoints(state)
        if endpoints is None:
            raise typer.Exit(1)
        # What lists cost depends on how much there is to list.
        measure(client, state, COMPANIES)
        typer.echo("Calling the API")
        return measure_api(state, endpoints, user, seconds=SECONDS, callers=CALLERS)


def _circumstances(busy: Sequence[float]) -> Mapping[str, Any]:
    return {
        "on": datetime.now(UTC).date().isoformat(),
        "machine": f"{psutil.cpu_count()} processors ({_processor()}), {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "python": platform.python_version(),
        "load": f"{min(busy):.1f} to {max(busy):.1f} processes wanted a processor meanwhile, ours among them",
        "operations": f"each called for {SECONDS:g} s by one caller and by {CALLERS}, in three rounds of which the one"
        f" counts that took the least processor time, in a tenant of {COMPANIES:,} companies",
        "tasks": "uploads of "
        + ", ".join(f"{rows:,} rows ({times} times)" for rows, times in SIZES)
        + ", one after another, by the worker's own log; `make bench` prints whole uploads",
        "waiting": "durations are scaled to the processor time that their process and PostgreSQL used, as what a task"
        " or a request waited for a processor was other work's; what it waited for disks went with it",
        "servers": "PostgreSQL and Redis on the same machine: a network adds its round trips",
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _operation(times: OperationTimes) -> Mapping[str, Any]:
    alone = np.array(times.alone)
    share = _share(times.processor + times.database, float(alone.mean()))
    return {
        "service": times.service,
        "processor": round(times.processor, 6),
        "database": round(times.database, 6),
        "threads": times.name == "sign_in",
        "wall": list(as_quantiles(alone * share)),
    }


def _share(used: float, wall: float) -> float:
    """What is left of a duration without the waiting for a processor that others had."""
    return min(1.0, used / wall)


def _tasks(uploads: Sequence[UploadTimes], whole: Mapping[str, Sequence[float]]) -> Mapping[str, Any]:
    shares = {each.rows: _share(each.processor + each.database, _seconds(each)) for each in uploads}
    worked = sum(_seconds(each) * shares[each.rows] for each in uploads)
    costs = {
        "processor": round(min(1.0, sum(each.processor for each in uploads) / worked), 4),
        "database": round(sum(each.database for each in uploads) / worked, 4),
    }
    # A larger upload has chunks of the full size, and no other.
    full = max(rows for rows, _ in SIZES if rows <= CHUNK_ROWS)
    chunks: dict[int, list[float]] = {}
    for each in uploads:
        scored = [seconds * shares[each.rows] for seconds in each.tasks["bulk.score_chunk"]]
        chunks.setdefault(min(each.rows, full), []).extend(scored)
    read = {each.rows: [seconds * shares[each.rows] for seconds in each.tasks["bulk.ingest"]] for each in uploads}
    least = min(shares.values())
    night = {0: [seconds * least for seconds in whole["monitoring.tenant"]]}
    found = {"bulk.ingest": read, "bulk.score_chunk": chunks, "monitoring.tenant": night}
    return {name: {**costs, "sizes": _sizes(times)} for name, times in found.items()}


def _seconds(upload: UploadTimes) -> float:
    return sum(sum(times) for times in upload.tasks.values())


def _sizes(times: Mapping[int, Sequence[float]]) -> list[Mapping[str, Any]]:
    return [{"rows": rows, "seconds": list(as_quantiles(np.array(found)))} for rows, found in sorted(times.items())]


if __name__ == "__main__":
    typer.run(main)
