"""A file that a living process touches: the cheapest honest sign of life."""

import time
from pathlib import Path

BEAT_SECONDS = 5.0
STALE_SECONDS = 90.0


def beat(path: Path) -> None:
    """Say that the process lives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def age(path: Path) -> float | None:
    """Seconds since the last beat; None when there never was one."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return None
