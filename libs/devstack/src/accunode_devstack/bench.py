"""Measures the main job as a user sees it: a file of annual ratios, from its upload to its last stored row."""

import csv
import io
import time
from dataclasses import dataclass

from accunode_devstack.demo.client import FINAL_STATES, ApiClient
from accunode_devstack.demo.generator import draw_portfolio
from accunode_devstack.errors import DevstackError
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import WORKER
from accunode_devstack.state import State

PAUSE = 0.05


@dataclass(frozen=True)
class Measurement:
    """`accepted_after` is the time until the 202, `seconds` until the job was completed; memory in bytes."""

    rows: int
    accepted_after: float
    seconds: float
    peak_memory: int
    worker_processes: int


def bench_file(rows: int) -> bytes:
    """A CSV of `rows` annual rows, one company each: the demo portfolio's ratios over and over."""
    template = draw_portfolio().annual
    text = io.StringIO()
    ratios = [name for name in vars(template[0]) if name not in {"company_name", "symbol", "sector", "fiscal_year"}]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["company_name", "sector", "fiscal_year", *ratios])
    for number in range(rows):
        row = template[number % len(template)]
        values = [getattr(row, name) for name in ratios]
        writer.writerow(
            [f"Bench {number:06d} (fictitious)", row.sector, row.fiscal_year, *("" if v is None else v for v in values)]
        )
    return text.getvalue().encode()


def measure(client: ApiClient, state: State, rows: int) -> Measurement:
    """Upload `rows` rows and follow the job. Raises DevstackError when it ends with fewer rows stored."""
    worker = Supervisor(state).find(WORKER)
    if worker is None:
        raise DevstackError("The worker does not run: `make up` first.")
    content = bench_file(rows)
    peak = worker.memory
    begun = time.perf_counter()
    job = client.upload("bench.csv", content, kind="annual", access_level="organization")
    accepted_after = time.perf_counter() - begun
    while job["state"] not in FINAL_STATES:
        time.sleep(PAUSE)
        peak = max(peak, worker.memory)
        job = client.get(f"/bulk-uploads/{job['id']}")
    seconds = time.perf_counter() - begun
    if job["state"] != "completed" or job["rows_accepted"] != rows:
        raise DevstackError(f"The job ended as {job['state']} with {job['rows_accepted']} of {rows} rows accepted.")
    return Measurement(rows, accepted_after, seconds, peak, len(worker.process.children(recursive=True)))
