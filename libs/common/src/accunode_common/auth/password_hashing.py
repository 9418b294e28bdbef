"""argon2id in threads, a few at a time."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from accunode_common.errors import ServiceUnavailableError
from accunode_common.settings import HashingSettings

_LONGEST_QUEUE = 100


class PasswordHashing:
    """Hashes and verifies; more than a few at once wait, and too many are turned away."""

    def __init__(self, settings: HashingSettings) -> None:
        self._hasher = PasswordHasher(time_cost=settings.passes, memory_cost=settings.memory_kib, parallelism=1)
        self._turns = asyncio.Semaphore(settings.concurrency)
        self._waiting = 0
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """The hash to keep, in PHC format."""
        async with _Turn(self):
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, kept: str | None) -> bool:
        """Whether `kept` is a hash of `password`; it takes as long when there is none to compare with."""
        async with _Turn(self):
            matches = await asyncio.to_thread(self._matches, password, kept or self._nobodys)
        return matches and kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether `kept` was made with other costs than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _matches(self, password: str, kept: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def begin_turn(self) -> None:
        """Wait for a turn.

        Raises:
            ServiceUnavailableError: Too many wait already.
        """
        if self._waiting >= _LONGEST_QUEUE:
            raise ServiceUnavailableError("Too many people are signing in.", retry_after=2)
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1

    def end_turn(self) -> None:
        """Let the next one in."""
        self._turns.release()


class _Turn:
    def __init__(self, hashing: PasswordHashing) -> None:
        self._hashing = hashing

    async def __aenter__(self) -> None:
        await self._hashing.begin_turn()

    async def __aexit__(self, *_error: object) -> None:
        self._hashing.end_turn()
