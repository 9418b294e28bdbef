"""Measures an upload, beside what PostgreSQL alone takes of its rows: time, processor by part, the worker's memory."""

from dataclasses import dataclass

from accunode_devstack import postgres
from accunode_devstack.bench import Measurement, measure
from accunode_devstack.bench_alone import CONNECTIONS, Alone, copy_alone
from accunode_devstack.bench_api import processor_seconds
from accunode_devstack.demo.client import ApiClient
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import GATEWAY, RELAY, WORKER
from accunode_devstack.state import State

LEAST_ROWS_PER_SECOND = 60_000
MOST_MICROSECONDS = 1e6 * 2 / LEAST_ROWS_PER_SECOND
"""Of two processors, for a row and all parts together."""
LEAST_SHARE = 0.5
"""Of the rows a second that PostgreSQL alone takes."""
MOST_MEMORY = 450 * 10**6
"""Bytes of all processes of the worker."""
HEADINGS = ("processor a row", "µs", "at most")

_PARTS = {"gateway": GATEWAY, "worker": WORKER, "relay": RELAY, "PostgreSQL": postgres.NAME}


@dataclass(frozen=True)
class UploadCost:
    """An upload, the microseconds of the processor that each part used for a row, and PostgreSQL alone."""

    upload: Measurement
    parts: dict[str, float]
    alone: Alone

    def cells(self) -> list[tuple[str, ...]]:
        """The rows of a table under `HEADINGS`."""
        parts = [(name, f"{value:.1f}", "") for name, value in self.parts.items()]
        return [
            *parts,
            ("all", f"{sum(self.parts.values()):.1f}", f"{MOST_MICROSECONDS:.1f}"),
            ("PostgreSQL alone", f"{self.alone.microseconds:.1f}", ""),
        ]

    def lines(self) -> list[str]:
        """What was reached, in sentences."""
        upload, per_second = self.upload, self.upload.rows / self.upload.seconds
        whole = (
            f"{upload.rows:,} annual rows of new companies from POST to completed: {upload.seconds:.1f} s "
            f"({per_second:,.0f} rows/s, {per_second / LEAST_ROWS_PER_SECOND:.2f} of the limit; "
            f"202 after {upload.accepted_after:.2f} s)"
        )
        beside = (
            f"PostgreSQL alone takes {self.alone.per_second:,.0f} rows/s by {CONNECTIONS} connections; "
            f"the upload reached {per_second / self.alone.per_second:.2f} of that, and shall reach {LEAST_SHARE}"
        )
        held = " + ".join(f"{each / 1e6:.0f}" for each in upload.memory)
        memory = f"the worker held at most {upload.peak_memory / 1e6:.0f} MB of {MOST_MEMORY / 1e6:.0f}: {held}"
        return [whole, beside, memory]


def measure_upload(client: ApiClient, state: State, endpoints: Endpoints, rows: int, *, series: int = 0) -> UploadCost:
    """Upload `rows` rows of new companies, and have PostgreSQL copy what became of them.

    Raises DevstackError when the job ends with fewer rows stored.
    """
    before = _used(state)
    upload = measure(client, state, rows, series=series)
    after = _used(state)
    parts = {name: 1e6 * (after[name] - before[name]) / rows for name in after}
    server = Supervisor(state).find(postgres.NAME)
    alone = copy_alone(endpoints, None if server is None else server.process, upload.job_id, rows)
    return UploadCost(upload, parts, alone)


def _used(state: State) -> dict[str, float]:
    """Seconds of the processor that each part has used so far."""
    parts = {title: Supervisor(state).find(name) for title, name in _PARTS.items()}
    return {title: processor_seconds(part.process) for title, part in parts.items() if part is not None}
