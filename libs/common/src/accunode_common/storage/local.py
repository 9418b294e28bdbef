"""Objects as files below one local folder."""

import asyncio
import errno
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, BinaryIO

from accunode_common.storage.base import (
    Content,
    InvalidKeyError,
    Measure,
    ObjectNotFoundError,
    Storage,
    StorageError,
    StorageFullError,
    StoredObject,
    check_key,
    chunks_of,
)

_TEMPORARY_SUFFIX = ".partial"


class LocalStorage(Storage):
    """Objects as files below one folder: written beside their place, synced, then renamed into it."""

    def __init__(self, root: Path) -> None:
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"The storage folder {root} cannot be made: {error.strerror}.") from error
        self._root = root.resolve()

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes], *, max_bytes: int | None = None) -> StoredObject:
        measure = Measure(max_bytes)
        target = self._path(key)
        with _told_when_full():
            sink = await asyncio.to_thread(_open_beside, target)
            try:
                async for chunk in chunks:
                    await asyncio.to_thread(sink.write, measure.pass_on(chunk))
                await asyncio.to_thread(_commit, sink, target)
            except BaseException:
                _discard(sink)
                raise
        return measure.result(key)

    def put(self, key: str, content: Content, *, max_bytes: int | None = None) -> StoredObject:
        measure = Measure(max_bytes)
        target = self._path(key)
        with _told_when_full():
            sink = _open_beside(target)
            try:
                for chunk in chunks_of(content):
                    sink.write(measure.pass_on(chunk))
                _commit(sink, target)
            except BaseException:
                _discard(sink)
                raise
        return measure.result(key)

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise ObjectNotFoundError(key) from None

    def size(self, key: str) -> int:
        path = self._path(key)
        if not path.is_file():
            raise ObjectNotFoundError(key)
        return path.stat().st_size

    def list(self, prefix: str) -> Iterator[str]:
        folder = self._path(prefix)
        files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != _TEMPORARY_SUFFIX)
        return iter(sorted(path.relative_to(self._root).as_posix() for path in files))

    def delete(self, key: str) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            self._path(key).unlink()

    def delete_prefix(self, prefix: str) -> int:
        count = sum(1 for _ in self.list(prefix))
        shutil.rmtree(self._path(prefix), ignore_errors=True)
        return count

    def delete_unfinished(self, *, older_than: timedelta) -> int:
        before, count = time.time() - older_than.total_seconds(), 0
        for path in self._root.rglob(f"*{_TEMPORARY_SUFFIX}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    count += 1
        return count

    def _path(self, key: str) -> Path:
        path = self._root / check_key(key)
        if not path.resolve().is_relative_to(self._root):
            raise InvalidKeyError(f"{key!r} leads out of the storage folder.")
        return path


@contextmanager
def _told_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFullError from error
        raise


def _open_beside(target: Path) -> IO[bytes]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=f".{target.name[:100]}.", suffix=_TEMPORARY_SUFFIX, delete=False
        )
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StorageError(f"The storage folder cannot be written: {error.strerror}.") from error


def _commit(sink: IO[bytes], target: Path) -> None:
    sink.flush()
    os.fsync(sink.fileno())
    sink.close()
    Path(sink.name).replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _discard(sink: IO[bytes]) -> None:
    with suppress(OSError):
        sink.close()
    with suppress(FileNotFoundError):
        Path(sink.name).unlink()
