"""How many event streams are open: each costs a connection to the caller, so their number is bounded."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from accunode_common.errors import RateLimitedError, ServiceUnavailableError

RETRY_SECONDS = 10


class StreamLimits:
    """Counts the open streams of one process.

    Args:
        total: Streams at once.
        per_person: Streams of one person at once.
    """

    def __init__(self, total: int, per_person: int) -> None:
        self._total = total
        self._per_person = per_person
        self._open: Counter[UUID] = Counter()

    @contextmanager
    def opened(self, user_id: UUID) -> Iterator[None]:
        """Count a stream while it is open.

        Raises:
            RateLimitedError: The person has too many open.
            ServiceUnavailableError: The process has too many open.
        """
        if self._open[user_id] >= self._per_person:
            raise RateLimitedError(RETRY_SECONDS, f"At most {self._per_person} event streams at once.")
        if self._open.total() >= self._total:
            raise ServiceUnavailableError("Too many event streams are open.", retry_after=RETRY_SECONDS)
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]
