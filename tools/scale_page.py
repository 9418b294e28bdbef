"""Writes the tables of docs/scaling.md that follow from its table of inputs.

Usage: scale_page.py
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scaling.md"
PEOPLE = (500, 2_000, 5_000, 10_000, 30_000, 100_000)
WORKERS = (2, 6, 10, 20, 40, 60)
PROCESSORS = (2, 4, 8, 16, 32)
PREDICTIONS = (1, 1_000, 1_000_000, 10_000_000, 30_000_000, 100_000_000)
CHUNK_ROWS, SMALL_UPLOAD_MESSAGES = 5_000, 3
DISK_BYTES_PER_SECOND = 125e6
"""What a gp3 volume writes without being paid extra for."""

AWAY_SECONDS, AWAY_MESSAGES = 3_600, 100
"""Of an hour without Redis, while so many messages a second come."""

Inputs = dict[str, float]
Rows = list[tuple[str, ...]]
_INPUT = re.compile(r"^\| (\w) \| .* \| ([\d,.]+) (?:ms|s|µs|bytes) \| ", re.MULTILINE)


def people(given: Inputs) -> tuple[tuple[str, ...], Rows]:
    """Processors that so many people keep busy."""
    headings = (
        "people",
        "requests/s, n = people / t",
        "processors of the API, n·a",
        "of PostgreSQL, n·p",
        "of Redis, n·r",
    )
    rows = []
    for number in PEOPLE:
        asked = number / given["t"]
        rows.append((f"{number:,}", _shown(asked), *(_shown(asked * given[each] / 1e3) for each in "apr")))
    return headings, rows


def workers(given: Inputs) -> tuple[tuple[str, ...], Rows]:
    """What so many workers store at most, and what they need of PostgreSQL for it."""
    row = given["w"] + given["d"]
    headings = (
        "workers W",
        "rows/s, 2·W / (w + d)",
        "their processors",
        "PostgreSQL's",
        "WAL, MB/s",
        "s for 1,000,000 rows",
    )
    return headings, [
        (
            f"{number}",
            _shown(2e6 * number / row),
            _shown(2 * number * given["w"] / row),
            _shown(2 * number * given["d"] / row),
            _shown(2 * number * given["l"] / row),
            _shown(row / (2 * number)),
        )
        for number in WORKERS
    ]


def database(given: Inputs) -> tuple[tuple[str, ...], Rows]:
    """What fills so many processors of PostgreSQL: rows or requests."""
    headings = (
        "processors D",
        "rows/s, D / d",
        "workers that fill them",
        "WAL, MB/s",
        "or requests/s, D / p",
        "people",
    )
    row = given["w"] + given["d"]
    return headings, [
        (
            f"{number}",
            _shown(number / given["d"] * 1e6),
            _shown(number * row / (2 * given["d"])),
            _shown(number / given["d"] * given["l"]),
            _shown(number / given["p"] * 1e3),
            _shown(number / given["p"] * 1e3 * given["t"]),
        )
        for number in PROCESSORS
    ]


def predictions(given: Inputs) -> tuple[tuple[str, ...], Rows]:
    """What so many predictions take."""
    headings = (
        "predictions n",
        "on disk, n·B",
        "indexes of it, n·X",
        "WAL of storing them, n·l",
        "PostgreSQL's processor, n·d",
    )
    return headings, [
        (f"{number:,}", *(_bytes(number * given[each]) for each in "BXl"), _seconds(number * given["d"] / 1e6))
        for number in PREDICTIONS
    ]


def single(given: Inputs) -> tuple[tuple[str, ...], Rows]:
    """What one of each bears: what cannot be multiplied without a change."""
    of_api, of_redis, messages = 1e3 / given["a"], 1e3 / given["r"], 1e6 / given["m"]
    away = AWAY_SECONDS * AWAY_MESSAGES
    memory = {each: _shown(512e6 / given[each]) for each in "qvk"}
    return ("one", "is full at", "which is"), [
        ("process of the API", f"1/a = {_shown(of_api)} requests/s", f"{_shown(of_api * given['t'])} people"),
        ("Redis", f"1/r = {_shown(of_redis)} requests/s", f"{_shown(of_redis * given['t'])} people"),
        ("relay, large files", f"1/m = {_shown(messages)} messages/s", f"{_shown(messages * CHUNK_ROWS)} rows/s"),
        (
            "relay, files of one chunk",
            f"{_shown(messages)} messages/s",
            f"{_shown(messages / SMALL_UPLOAD_MESSAGES)} uploads/s",
        ),
        (
            f"hour without Redis at {AWAY_MESSAGES} messages/s",
            f"{_bytes(away * given['o'])} of outbox",
            f"made up within {_seconds(away / (messages - AWAY_MESSAGES))}",
        ),
        ("disk of 125 MB/s", f"{_shown(DISK_BYTES_PER_SECOND / given['l'])} rows/s", "by its WAL alone"),
        ("disk of 100 GB", f"{_shown(100e9 / given['B'] / 1e6)} million predictions", "WAL and temporary files aside"),
        ("GB of memory", f"the indexes of {_shown(1e9 / given['X'])} predictions", "of tenants that are active"),
        (
            "Redis of 512 MB",
            f"{memory['q']} waiting messages",
            f"or {memory['v']} kept dashboards, or {memory['k']} people who asked lately",
        ),
    ]


TABLES: dict[str, Callable[[Inputs], tuple[tuple[str, ...], Rows]]] = {
    "people": people,
    "workers": workers,
    "database": database,
    "predictions": predictions,
    "single": single,
}
"""The tables, by the marks between which each stands."""


def page(text: str) -> str:
    """The page with its tables as its inputs have them.

    Raises:
        ValueError: An input or the place of a table is missing.
    """
    given = {letter: float(value.replace(",", "")) for letter, value in _INPUT.findall(text)}
    if missing := set("aprtwdlBXmoqkv") - set(given):
        raise ValueError(f"The table of inputs lacks {', '.join(sorted(missing))}.")
    for name, table in TABLES.items():
        headings, rows = table(given)
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"The page has no place for the table {name}.")
        rule = ("---", *("---:" for _ in headings[1:]))
        lines = "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))
        text = f"{before}{begin}\n{lines}\n{end}{after}"
    return text


def _shown(value: float) -> str:
    """Two digits that count, or the whole number."""
    if value >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _bytes(value: float) -> str:
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{_shown(value / size)} {unit}"
    return f"{value:.0f} bytes"


def _seconds(value: float) -> str:
    for size, unit in ((3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")):
        if value >= size:
            return f"{_shown(value / size)} {unit}"
    return f"{value * 1e6:.0f} µs"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
    sys.stdout.write(f"{PAGE}\n")
