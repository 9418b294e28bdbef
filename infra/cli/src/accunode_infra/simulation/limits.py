"""What gives way: how near each resource came to its limit, and when it first reached it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Limit:
    """A resource's limit.

    Attributes:
        name: The resource, as people are told.
        most: The highest use, as a share of the limit.
        reached: When the limit was first reached, in seconds from midnight; None if never.
        minutes: For how many minutes.
    """

    name: str
    most: float = 0.0
    reached: float | None = None
    minutes: int = 0


class Limits:
    """Every limit that was looked at."""

    def __init__(self) -> None:
        self._found: dict[str, Limit] = {}

    def see(self, name: str, now: float, use: float) -> None:
        """The resource's use in the minute that ends at `now`, as a share of its limit."""
        limit = self._found.setdefault(name, Limit(name))
        limit.most = max(limit.most, use)
        if use >= 1:
            limit.minutes += 1
            if limit.reached is None:
                limit.reached = now

    @property
    def every(self) -> list[Limit]:
        """All of them; those reached come first, in the order in which that happened, then the nearest."""
        return sorted(self._found.values(), key=lambda each: (each.reached is None, each.reached or 0.0, -each.most))

    @property
    def first(self) -> Limit | None:
        """The one that was reached first, if any was."""
        return next((limit for limit in self.every if limit.reached is not None), None)
