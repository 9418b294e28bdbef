"""Measures the main job as a user sees it: a file of annual ratios, from its upload to its last stored row."""

import csv
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from accunode_devstack.demo.client import FINAL_STATES, ApiClient
from accunode_devstack.demo.generator import draw_portfolio
from accunode_devstack.demo.people import analyst
from accunode_devstack.errors import DevstackError
from accunode_devstack.ports import free_port
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import WORKER
from accunode_devstack.stack import Stack
from accunode_devstack.state import State

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
_PAUSE_SHARE = 0.02
"""Of the time that a job has taken: asking how it stands takes the processors that it runs on."""


@dataclass(frozen=True)
class Measurement:
    """An upload.

    Attributes:
        rows: How many it has.
        job_id: The job that stored them.
        accepted_after: Seconds until the 202.
        seconds: Seconds until the job was completed.
        memory: Bytes of the worker's processes when they held most together, the greatest first.
    """

    rows: int
    job_id: str
    accepted_after: float
    seconds: float
    memory: tuple[int, ...]

    @property
    def peak_memory(self) -> int:
        """Bytes that the worker held at most."""
        return sum(self.memory)


@contextmanager
def temporary_stack(say: Callable[[str], None]) -> Iterator[tuple[State, ApiClient]]:
    """A stack beside the user's own, with the demo in it and its analyst signed in; gone in the end."""
    folder = Path(tempfile.mkdtemp(prefix="accunode-bench-"))
    state = State(folder)
    stack = Stack(state, say)
    try:
        endpoints, _ = stack.up(free_port())
        user = analyst(stack.load_demo(endpoints))
        with ApiClient(endpoints.base_url) as client:
            yield state, client.sign_in(user.email, user.password)
    finally:
        stack.reset()


def bench_file(rows: int, *, series: int = 0) -> bytes:
    """A CSV of `rows` annual rows, one company each: the demo portfolio's ratios over and over.

    Another `series` has other companies.
    """
    template = draw_portfolio().annual
    text = io.StringIO()
    ratios = [name for name in vars(template[0]) if name not in {"company_name", "symbol", "sector", "fiscal_year"}]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["company_name", "sector", "fiscal_year", *ratios])
    for number in range(rows):
        row = template[number % len(template)]
        name = f"Bench {series}-{number:06d} (fictitious)"
        values = ["" if (value := getattr(row, ratio)) is None else value for ratio in ratios]
        writer.writerow([name, row.sector, row.fiscal_year, *values])
    return text.getvalue().encode()


def measure(client: ApiClient, state: State, rows: int, *, series: int = 0) -> Measurement:
    """Upload `rows` rows and follow the job. Raises DevstackError when it ends with fewer rows stored."""
    worker = Supervisor(state).find(WORKER)
    if worker is None:
        raise DevstackError("The worker does not run: `make up` first.")
    content = bench_file(rows, series=series)
    peak = worker.memory_by_process
    begun = time.perf_counter()
    job = client.upload("bench.csv", content, kind="annual", access_level="organization")
    accepted_after = time.perf_counter() - begun
    while job["state"] not in FINAL_STATES:
        time.sleep(min(max(_SHORTEST_PAUSE, _PAUSE_SHARE * (time.perf_counter() - begun)), _LONGEST_PAUSE))
        peak = max(peak, worker.memory_by_process, key=sum)
        job = client.get(f"/bulk-uploads/{job['id']}")
    seconds = time.perf_counter() - begun
    if job["state"] != "completed" or job["rows_accepted"] != rows:
        raise DevstackError(f"The job ended as {job['state']} with {job['rows_accepted']} of {rows} rows accepted.")
    return Measurement(rows, job["id"], accepted_after, seconds, tuple(sorted(peak, reverse=True)))
