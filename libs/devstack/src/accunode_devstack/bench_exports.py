"""Measures downloads of a whole list: when the first byte comes, and rows a second."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection

from accunode_devstack.bench_api import Meters
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.ports import LOOPBACK
from accunode_devstack.programs import GATEWAY
from accunode_devstack.state import State

LIMITS = {"csv": 60_000, "xlsx": 20_000}
"""Rows a second that a format shall reach."""
_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Download:
    """One download.

    Attributes:
        file_format: csv, xlsx or parquet.
        rows: How many the list has.
        size: Bytes.
        first: Seconds until the first byte of the body.
        seconds: Seconds until the last.
        api: Microseconds of the API process's processor for a row.
        database: The same of PostgreSQL.
    """

    file_format: str
    rows: int
    size: int
    first: float
    seconds: float
    api: float
    database: float

    def line(self) -> str:
        """One sentence."""
        limit = LIMITS.get(self.file_format)
        share = f", {self.rows / self.seconds / limit:.2f} of the limit" if limit else ""
        return (
            f"{self.rows:,} rows as {self.file_format}: first byte after {self.first:.2f} s, {self.seconds:.1f} s "
            f"({self.rows / self.seconds:,.0f} rows/s{share}), {self.size / 1e6:.0f} MB; a row takes {self.api:.1f} µs "
            f"of the API process's processor and {self.database:.1f} µs of PostgreSQL's"
        )


def measure_exports(state: State, endpoints: Endpoints, token: str, rows: int) -> Iterator[Download]:
    """Download the list of annual predictions, which has `rows` rows, in each format.

    Raises DevstackError when a download is refused.
    """
    meters = Meters.of(state, GATEWAY)
    for file_format in ("csv", "xlsx", "parquet"):
        connection = HTTPConnection(LOOPBACK, endpoints.port, timeout=120)
        api, database = meters.read()
        begun = time.perf_counter()
        path = f"/api/v1/predictions/annual/export?format={file_format}"
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        reply = connection.getresponse()
        if reply.status != HTTPStatus.OK:
            raise DevstackError(f"GET {path} was answered {reply.status}: {reply.read(200)!r}")
        size = len(reply.read(1))
        first = time.perf_counter() - begun
        while chunk := reply.read(_CHUNK_BYTES):
            size += len(chunk)
        seconds = time.perf_counter() - begun
        connection.close()
        api_after, database_after = meters.read()
        yield Download(
            file_format,
            rows,
            size,
            first,
            seconds,
            1e6 * (api_after - api) / rows,
            1e6 * (database_after - database) / rows,
        )
