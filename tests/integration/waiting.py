"""Waiting for what must come, for as long as a busy machine may need."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def within(seconds: float, look: Callable[[], Found]) -> Found:
    """The first thing that `look` finds."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.3)
    return found
