"""How many processors a process may use: a container often has a part of the machine's only."""

import os
from pathlib import Path

MOST_PROCESSES = 4
"""Each holds its own memory and connections; beyond these, more copies are started instead."""
_CGROUPS = Path("/sys/fs/cgroup")


def processes_here() -> int:
    """How many processes of a service keep the processors busy that it may use."""
    return max(1, min(int(available_processors()), MOST_PROCESSES))


def available_processors(cgroups: Path = _CGROUPS) -> float:
    """The processors that this process is bound to, or as much of them as its control group's quota allows.

    Args:
        cgroups: Where Linux shows the control group, of either version; elsewhere there is none.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(float(bound), _quota(cgroups))


def _quota(cgroups: Path) -> float:
    """Processors, infinite where nothing limits them."""
    try:
        allowed, period = _numbers(cgroups)
        return int(allowed) / int(period) if int(allowed) > 0 else float("inf")
    except (OSError, ValueError, ZeroDivisionError):
        # There is no control group, or it says `max`.
        return float("inf")


def _numbers(cgroups: Path) -> tuple[str, str]:
    if (second := cgroups / "cpu.max").exists():
        allowed, period = second.read_text().split()
        return allowed, period
    first = cgroups / "cpu"
    return (first / "cpu.cfs_quota_us").read_text(), (first / "cpu.cfs_period_us").read_text()
