"""Public signing keys, by key id."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt import PyJWKSet
from jwt.exceptions import PyJWKError, PyJWKSetError

from accunode_common.errors import ServiceUnavailableError
from accunode_common.log import get_logger

Key = TypeVar("Key")

logger = get_logger(__name__)


class KeySource(Protocol):
    """Where a verifier gets public keys."""

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The key of that id, or None if the issuer has none.

        Raises:
            ServiceUnavailableError: No keys are known and none can be had.
        """


class FixedKeys:
    """Keys that are known from the start: the issuer's own, or a test's."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._keys = dict(keys)

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The key of that id, if any."""
        return self._keys.get(key_id)


def parse_key_set(document: dict[str, Any]) -> dict[str, Ed25519PublicKey]:
    """The Ed25519 signature keys of a JWKS document, by id; other keys are passed over.

    Raises:
        ValueError: The document is no key set.
    """
    try:
        key_set = PyJWKSet.from_dict(document)
    except (PyJWKError, PyJWKSetError) as error:
        raise ValueError(f"not a usable key set: {error}") from error
    return {
        entry.key_id: entry.key
        for entry in key_set.keys
        if entry.key_id and isinstance(entry.key, Ed25519PublicKey) and entry.public_key_use in (None, "sig")
    }


class RemoteKeys(Generic[Key]):
    """Keys fetched from the issuer's JWKS document.

    The document is fetched again when it is older than `max_age`, when a token names an unknown key, and when asked
    to, though never more often than every `min_interval`; many requests share one fetch. If the issuer is down, the
    keys already known keep serving, also while somebody else tries to fetch.

    Args:
        client: Used for the fetches; the owner closes it.
        url: Where the document is.
        parse: Reads the document; its ValueError says that it is not usable.
        max_age: Seconds after which it is fetched anew.
        min_interval: Seconds between two fetches at the least.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        *,
        parse: Callable[[dict[str, Any]], dict[str, Key]],
        max_age: float = 300,
        min_interval: float = 5,
    ) -> None:
        self._client = client
        self._url = url
        self._parse = parse
        self._max_age = max_age
        self._min_interval = min_interval
        self._keys: dict[str, Key] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str, *, again: bool = False) -> Key | None:
        """The key of that id, or None if the issuer has none; `again` if the one that is known does not fit.

        Raises:
            ServiceUnavailableError: No keys are known and the issuer does not answer.
        """
        known, old = key_id in self._keys, time.monotonic() - self._fetched_at > self._max_age
        # Where the way to the issuer is gone, one request waits for the attempt and the others go on.
        if again or not known or (old and not self._fetching.locked()):
            await self._refresh(key_id)
        if not self._keys:
            raise ServiceUnavailableError("The signing keys cannot be fetched.")
        return self._keys.get(key_id)

    async def _refresh(self, key_id: str) -> None:
        asked_at = time.monotonic()
        async with self._fetching:
            fresh = self._fetched_at >= asked_at
            if fresh or time.monotonic() - self._tried_at < self._min_interval:
                return
            self._tried_at = time.monotonic()
            try:
                reply = await self._client.get(self._url)
                reply.raise_for_status()
                self._keys = self._parse(reply.json())
                self._fetched_at = time.monotonic()
            except (httpx.HTTPError, ValueError, RecursionError) as error:
                logger.warning("signing keys not fetched", url=self._url, key_id=key_id, reason=str(error))
