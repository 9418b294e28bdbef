"""Writes measured tables into a page, each between marks of its own, and says on what machine they were taken."""

import json
import os
import platform
import re
import time
from datetime import UTC, datetime
from pathlib import Path

from accunode_devstack.errors import DevstackError

_PROCESSORS = Path("/proc/cpuinfo")


def machine() -> str:
    """The processor, how many there are, how busy they are, and the interpreter, in one line."""
    model = platform.processor() or platform.machine()
    if _PROCESSORS.exists() and (named := re.search(r"^model name\s*: (.+)$", _PROCESSORS.read_text(), re.MULTILINE)):
        model = named[1]
    return (
        f"{os.cpu_count()} x {model}, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}, "
        f"which decodes and encodes a reference document in {_pace() * 1e6:,.0f} µs"
    )


def _pace() -> float:
    """Seconds of the processor for the same work everywhere: what was measured on a busy machine is compared by it."""
    document = json.dumps([{"name": f"Company {number}", "figures": [number / 7] * 10} for number in range(50)])
    best = float("inf")
    for _ in range(20):
        begun = time.process_time()
        json.dumps(json.loads(document))
        best = min(best, time.process_time() - begun)
    return best


def markdown_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table whose first column is text, and whose others are figures."""
    rule = ("---", *("---:" for _ in headings[1:]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))


def write_section(page: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of `name` by the machine, the date and `text`.

    Raises:
        DevstackError: The page has no such marks.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise DevstackError(f"{page} has no place for these figures: put the lines {begin} and {end} into it.")
    told = f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine()}."
    page.write_text(f"{before}{begin}\n{told}\n\n{text}\n{end}{after}")
