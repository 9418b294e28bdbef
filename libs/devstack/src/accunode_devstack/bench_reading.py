"""Measures what the reading of an upload costs its process: processor time for a million rows, and memory."""

import csv
import io
import random
import resource
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil

from accunode_common.tabular.confined import MEBIBYTE, Allowance
from accunode_devstack.bench import bench_file
from accunode_ml.ingest.process import blocks, reading_of
from accunode_scoring import Kind

LIMIT = 5.0
"""Seconds of one processor in which a million clean rows are to be read."""
HEADINGS = ("rows of CSV", "s of processor for 1,000,000 rows", "at most", "MiB of memory")
_ALLOWANCE = Allowance(cpu_seconds=3600, memory_bytes=4096 * MEBIBYTE)


@dataclass(frozen=True)
class ReadingCost:
    """What a file of one form costs its reader: seconds of the processor for a million rows, and bytes held at most."""

    form: str
    seconds: float
    limit: float | None
    memory: int

    def cells(self) -> tuple[str, ...]:
        """The row of a table under `HEADINGS`."""
        limit = "" if self.limit is None else f"{self.limit:.1f}"
        return self.form, f"{self.seconds:.1f}", limit, f"{self.memory / MEBIBYTE:,.0f}"


def measure_reading(rows: int) -> Iterator[ReadingCost]:
    """Read a file of each form."""
    clean, this = bench_file(rows), psutil.Process()
    for form, change, limit in _FORMS:
        with tempfile.TemporaryFile() as file:
            file.write(change(clean))
            file.flush()
            begun = _children()
            with reading_of(file, Kind.ANNUAL, _ALLOWANCE) as reading:
                read = memory = 0
                for block in blocks(reading, pause=60):
                    read += 0 if block is None else block.rows
                    memory = max([memory, *(child.memory_info().rss for child in this.children())])
            spent = _children()
        seconds = spent.ru_utime + spent.ru_stime - begun.ru_utime - begun.ru_stime
        yield ReadingCost(form, seconds / read * 1e6, limit, memory)


def _children() -> resource.struct_rusage:
    return resource.getrusage(resource.RUSAGE_CHILDREN)


def _same(content: bytes) -> bytes:
    return content


def _everyday(content: bytes) -> bytes:
    """One name in twenty quoted, one number in fifty decorated or missing, one line in a thousand blank."""
    draw = random.Random(7)  # noqa: S311 - the same file each time
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, cells in enumerate(csv.reader(io.StringIO(content.decode()))):
        if number and draw.random() < 0.05:
            cells[0] += ", Inc."
        if number and draw.random() < 0.1:
            cells[draw.randrange(3, len(cells))] = draw.choice(["NM", "n/a", "12.5%", "(1.5)"])
        writer.writerow(cells)
        if number and draw.random() < 0.001:
            text.write("\n")
    return text.getvalue().encode()


_FORMS: tuple[tuple[str, Callable[[bytes], bytes], float | None], ...] = (
    ("clean", _same, LIMIT),
    ("with quotes, decorated numbers and blank lines", _everyday, None),
)
