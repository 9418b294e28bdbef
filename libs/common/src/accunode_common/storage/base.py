"""Objects (uploads, chunks, exports) behind one small interface: a local folder or S3.

Keys are relative, slash-separated and start with the tenant's id (`tenant_key`). A write is atomic: readers see the
whole object or none. Every write returns its size and SHA-256.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, BinaryIO
from uuid import UUID

Content = bytes | Iterable[bytes] | IO[bytes]

CHUNK_BYTES = 1024 * 1024

_SEGMENT = re.compile(r"[A-Za-z0-9_=+@.-]{1,200}")


class StorageError(Exception):
    """The storage cannot do what was asked; the message says what and where."""


class ObjectNotFoundError(StorageError):
    """No object has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no stored object {key!r}.")


class StorageFullError(StorageError):
    """There is no room for the object; nothing was stored."""

    def __init__(self) -> None:
        super().__init__("The storage for files is full.")


class ObjectTooLargeError(StorageError):
    """The stream is longer than its limit; nothing was stored."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The content is longer than {max_bytes:,} bytes, the most that is stored here.")
        self.max_bytes = max_bytes


class InvalidKeyError(StorageError, ValueError):
    """The key is empty, absolute, or has a segment with other characters than `A-Z a-z 0-9 _ = + @ . -`."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a write stored: `size` in bytes, `sha256` in hexadecimal."""

    key: str
    size: int
    sha256: str


def tenant_key(tenant_id: UUID, *parts: str) -> str:
    """The key of a tenant's object: `<tenant id>/<part>/...`.

    Raises:
        InvalidKeyError: A part is empty, a dot segment, or has characters that a key may not have.
    """
    return check_key("/".join((str(tenant_id), *parts)))


def jobs_prefix(tenant_id: UUID) -> str:
    """Below it lie the folders of a tenant's bulk jobs."""
    return tenant_key(tenant_id, "bulk")


def job_prefix(tenant_id: UUID, job_id: UUID) -> str:
    """Below it lies everything that is stored for a bulk job."""
    return f"{jobs_prefix(tenant_id)}/{job_id}"


def check_key(key: str) -> str:
    """Return the key, or refuse one that could leave its folder.

    Raises:
        InvalidKeyError: The key is not made of plain segments.
    """
    segments = key.split("/")
    if any(not _SEGMENT.fullmatch(segment) or segment.strip(".") == "" for segment in segments):
        raise InvalidKeyError(
            f"{key!r} is not a storage key: its segments may hold only letters, digits and _ = + @ . -"
        )
    return key


class Measure:
    """Counts and hashes a stream as it passes, and stops it at a limit."""

    def __init__(self, max_bytes: int | None) -> None:
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self.size = 0

    def pass_on(self, chunk: bytes) -> bytes:
        """Take note of a chunk and return it.

        Raises:
            ObjectTooLargeError: The stream is longer than its limit.
        """
        self.size += len(chunk)
        if self._max_bytes is not None and self.size > self._max_bytes:
            raise ObjectTooLargeError(self._max_bytes)
        self._hash.update(chunk)
        return chunk

    def result(self, key: str) -> StoredObject:
        """What was seen, as the object stored under `key`."""
        return StoredObject(key=key, size=self.size, sha256=self._hash.hexdigest())


class Storage(ABC):
    """Objects by key. Safe to share between threads and tasks."""

    @abstractmethod
    async def put_stream(self, key: str, chunks: AsyncIterator[bytes], *, max_bytes: int | None = None) -> StoredObject:
        """Store a stream, replacing the object that had the key; on any error nothing changes.

        Raises:
            ObjectTooLargeError: The stream is longer than `max_bytes`.
        """

    @abstractmethod
    def put(self, key: str, content: Content, *, max_bytes: int | None = None) -> StoredObject:
        """Store bytes, an iterable of bytes, or what is left of an open binary file; as `put_stream` otherwise."""

    @abstractmethod
    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """A seekable reader; a remote object is first copied to a temporary file.

        Raises:
            ObjectNotFoundError: No object has this key.
        """

    @abstractmethod
    def size(self, key: str) -> int:
        """The object's size in bytes.

        Raises:
            ObjectNotFoundError: No object has this key.
        """

    @abstractmethod
    def list(self, prefix: str) -> Iterator[str]:
        """The keys below `prefix/`, sorted, nothing for a prefix that does not exist."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove one object; nothing happens when there is none."""

    def delete_unfinished(self, *, older_than: timedelta) -> int:  # noqa: ARG002
        """Remove what is left of writes that were broken off so long ago; returns how many.

        Where the store does that itself, as S3 does by a lifecycle rule, there is nothing to do.
        """
        return 0

    def get(self, key: str, *, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        """The object's bytes in chunks of at most `chunk_bytes`.

        Raises:
            ObjectNotFoundError: No object has this key; raised at once, not with the first chunk.
        """
        return _read_and_close(self.open(key), chunk_bytes)

    def exists(self, key: str) -> bool:
        """Whether an object has this key."""
        try:
            self.size(key)
        except ObjectNotFoundError:
            return False
        return True

    def delete_prefix(self, prefix: str) -> int:
        """Remove every object below `prefix/`; returns how many there were."""
        count = 0
        for key in list(self.list(prefix)):
            self.delete(key)
            count += 1
        return count


def chunks_of(content: Content) -> Iterator[bytes]:
    """What `Storage.put` takes, as chunks; a file is read in pieces, not by line."""
    if isinstance(content, bytes):
        yield content
        return
    read = getattr(content, "read", None)
    if read is None:
        yield from content
        return
    while chunk := read(CHUNK_BYTES):
        yield chunk


def _read_and_close(manager: AbstractContextManager[BinaryIO], chunk_bytes: int) -> Iterator[bytes]:
    with manager as source:
        while chunk := source.read(chunk_bytes):
            yield chunk
