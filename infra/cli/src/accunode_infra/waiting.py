"""Waiting for what AWS is at: look, and look again a while later."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

T = TypeVar("T")


class Clock:
    """Time, which tests replace."""

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        time.sleep(seconds)


def until(look: Callable[[], T | None], *, every: float, clock: Clock | None = None) -> T:
    """Call `look` every so many seconds until it gives something; a limit is `look`'s own matter."""
    while (found := look()) is None:
        (clock or Clock()).sleep(every)
    return found
