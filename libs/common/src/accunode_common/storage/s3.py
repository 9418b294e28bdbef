"""Objects in an S3 bucket, through obstore (the Rust `object_store`: 15 MB, half of boto3's weight).

Uploads are multipart and appear only when complete. A bucket needs a lifecycle rule that aborts incomplete uploads.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from accunode_common.storage.base import (
    CHUNK_BYTES,
    Content,
    Measure,
    ObjectNotFoundError,
    Storage,
    StorageError,
    StoredObject,
    check_key,
    chunks_of,
)

_PART_BYTES = 8 * 1024 * 1024
_PARTS_AT_ONCE = 4


class S3Storage(Storage):
    """Objects below one prefix of one bucket. Region, credentials and endpoint come from the usual AWS variables."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self._prefix = f"{check_key(prefix)}/" if prefix else ""
        try:
            self._store = S3Store(bucket)
        except BaseError as error:
            raise StorageError(f"The bucket {bucket} cannot be reached: {_first_line(error)}.") from error

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes], *, max_bytes: int | None = None) -> StoredObject:
        measure = Measure(max_bytes)
        source = _measured(chunks, measure)
        try:
            await obstore.put_async(
                self._store, self._name(key), source, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            )
        except (FileNotFoundError, BaseError) as error:
            raise StorageError(f"The object store refused {key!r}: {_first_line(error)}.") from None
        return measure.result(key)

    def put(self, key: str, content: Content, *, max_bytes: int | None = None) -> StoredObject:
        measure = Measure(max_bytes)
        source = measure.pass_on(content) if isinstance(content, bytes) else map(measure.pass_on, chunks_of(content))
        try:
            obstore.put(self._store, self._name(key), source, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        except (FileNotFoundError, BaseError) as error:
            raise StorageError(f"The object store refused {key!r}: {_first_line(error)}.") from None
        return measure.result(key)

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        stream = self._stream(key, CHUNK_BYTES)
        return _copied(stream)

    def get(self, key: str, *, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        return self._stream(key, chunk_bytes)

    def size(self, key: str) -> int:
        try:
            return obstore.head(self._store, self._name(key))["size"]
        except (FileNotFoundError, BaseError) as error:
            raise _refusal(key, error) from None

    def list(self, prefix: str) -> Iterator[str]:
        names: list[str] = []
        try:
            for batch in obstore.list(self._store, prefix=self._name(prefix)):
                names.extend(meta["path"] for meta in batch)
        except BaseError as error:
            raise _refusal(prefix, error) from None
        return iter(sorted(name.removeprefix(self._prefix) for name in names))

    def delete(self, key: str) -> None:
        try:
            obstore.delete(self._store, self._name(key))
        except FileNotFoundError:
            return
        except BaseError as error:
            raise _refusal(key, error) from None

    def delete_prefix(self, prefix: str) -> int:
        names = [self._name(key) for key in self.list(prefix)]
        try:
            if names:
                obstore.delete(self._store, names)
        except BaseError as error:
            raise _refusal(prefix, error) from None
        return len(names)

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _stream(self, key: str, chunk_bytes: int) -> Iterator[bytes]:
        try:
            result = obstore.get(self._store, self._name(key))
        except (FileNotFoundError, BaseError) as error:
            raise _refusal(key, error) from None
        return _sliced(iter(result.stream(min_chunk_size=chunk_bytes)), chunk_bytes)


async def _measured(chunks: AsyncIterator[bytes], measure: Measure) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield measure.pass_on(chunk)


@contextmanager
def _copied(stream: Iterator[bytes]) -> Iterator[BinaryIO]:
    # Not a spooled file: that says it is open for writing only, and Arrow refuses to read it.
    with tempfile.TemporaryFile() as copy:
        for chunk in stream:
            copy.write(chunk)
        copy.seek(0)
        yield cast(BinaryIO, copy)


def _sliced(stream: Iterator[bytes], chunk_bytes: int) -> Iterator[bytes]:
    for buffer in stream:
        view = memoryview(buffer)
        for start in range(0, len(view), chunk_bytes):
            yield bytes(view[start : start + chunk_bytes])


def _refusal(key: str, error: Exception) -> StorageError:
    if isinstance(error, FileNotFoundError):
        return ObjectNotFoundError(key)
    return StorageError(f"The object store refused {key!r}: {_first_line(error)}.")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
