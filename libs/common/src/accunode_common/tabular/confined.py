"""Reads a stranger's file in a process of its own, which limits of computing time and memory end.

    with confined("accunode_ml.ingest.process:read", source, {"kind": "annual"}, allowance) as reading:
        for frame in reading.frames(pause=2):      # None when nothing came for two seconds
            ...
        reading.result

The target is a generator function: it is called with the file and the arguments, yields bytes, and returns what JSON
holds. Its process has no secrets in its environment and writes no files; when it dies, its caller lives.
"""

import json
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, NoReturn

from accunode_common.tabular.errors import TabularError, TabularErrorCode

MEBIBYTE: Final = 1024 * 1024

_HEAD: Final = struct.Struct(">BI")
_FRAME, _RESULT, _REFUSAL, _OUT_OF_MEMORY = range(4)
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "OPENBLAS_CORETYPE")
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
_GRACE_SECONDS: Final = 2
_CRASHES: Final = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE)


class ReaderDiedError(Exception):
    """The reading process failed for a reason that does not lie in the file; another try may succeed."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What reading one file may take.

    Attributes:
        cpu_seconds: Of computing.
        memory_bytes: Beyond what the process takes before it reads.
        silence_seconds: The longest wait for the next frame.
    """

    cpu_seconds: int
    memory_bytes: int
    silence_seconds: float = 120.0

    def time_refusal(self) -> TabularError:
        """The refusal of a file that takes longer."""
        return TabularError(
            TabularErrorCode.FILE_TOO_COSTLY,
            f"Reading the file takes more than {self.cpu_seconds} seconds of computing, the most for a file of its "
            "size; save the table alone as CSV, or split it, and upload that.",
        )

    def memory_refusal(self) -> TabularError:
        """The refusal of a file that takes more memory."""
        return TabularError(
            TabularErrorCode.FILE_TOO_COSTLY,
            f"Reading the file takes more than {self.memory_bytes // MEBIBYTE} MiB of memory; save the table alone as "
            "CSV, or split it, and upload that.",
        )


class Reading:
    """One call in its process.

    Attributes:
        result: What the target returned, once its frames are all read.
    """

    def __init__(self, process: subprocess.Popen[bytes], allowance: Allowance) -> None:
        assert process.stdout is not None
        self.result: Any = None
        self._process = process
        self._pipe = process.stdout.fileno()
        self._allowance = allowance
        self._heard = time.monotonic()

    def frames(self, *, pause: float | None = None) -> Iterator[bytes | None]:
        """What the target yields; None whenever nothing comes for `pause` seconds.

        Raises:
            TabularError: The target refused the file, or the file broke a limit or the reader.
            ReaderDiedError: The process failed otherwise.
        """
        while True:
            self._heard = time.monotonic()
            while not self._readable(pause):
                yield None
            kind, length = _HEAD.unpack(self._take(_HEAD.size))
            content = self._take(length)
            if kind == _FRAME:
                yield content
            elif kind == _RESULT:
                self.result = json.loads(content)
                return
            else:
                self._raise(kind, content)

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _raise(self, kind: int, content: bytes) -> NoReturn:
        if kind == _REFUSAL:
            refusal = json.loads(content)
            raise TabularError(TabularErrorCode(refusal["code"]), refusal["message"])
        if kind == _OUT_OF_MEMORY:
            raise self._allowance.memory_refusal()
        raise ReaderDiedError(f"The reading process sent something of kind {kind}.")

    def _readable(self, pause: float | None) -> bool:
        """Wait for something to read, or the end; False if the pause is over."""
        silence = self._allowance.silence_seconds - (time.monotonic() - self._heard)
        waiting = select.poll()
        waiting.register(self._pipe, select.POLLIN)
        if waiting.poll(1000 * max(0.0, min(silence, silence if pause is None else pause))):
            self._heard = time.monotonic()
            return True
        if time.monotonic() - self._heard >= self._allowance.silence_seconds:
            raise self._allowance.time_refusal()
        return False

    def _take(self, size: int) -> bytes:
        content = bytearray()
        while len(content) < size:
            while not self._readable(None):
                pass
            piece = os.read(self._pipe, min(size - len(content), MEBIBYTE))
            if not piece:
                self._died()
            content += piece
        return bytes(content)

    def _died(self) -> NoReturn:
        code = self._process.wait()
        if code == -signal.SIGXCPU:
            raise self._allowance.time_refusal()
        if -code in _CRASHES:
            raise TabularError(
                TabularErrorCode.UNREADABLE_FILE,
                "The file breaks the reader; save the table alone as CSV and upload that.",
            )
        raise ReaderDiedError(f"The reading process ended with {code}.")


@contextmanager
def confined(target: str, source: BinaryIO, arguments: Mapping[str, Any], allowance: Allowance) -> Iterator[Reading]:
    """Call `target` ("package.module:function") with an open file in a process of its own, which ends with the block.

    Args:
        target: A generator function of a file and keyword arguments.
        source: A file of the operating system; nobody else may read it meanwhile.
        arguments: What JSON holds.
        allowance: The limits.
    """
    call = json.dumps([target, arguments, allowance.cpu_seconds, allowance.memory_bytes])
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _ONE_THREAD
    process = subprocess.Popen(  # noqa: S603 - this module, with arguments of our own
        [sys.executable, "-P", "-m", "accunode_common.tabular.confined", call],
        stdin=source.fileno(),
        stdout=subprocess.PIPE,
        env=environment,
    )
    reading = Reading(process, allowance)
    try:
        yield reading
    finally:
        reading.end()


def _limit(cpu_seconds: int, memory_bytes: int) -> None:
    used = int(sum(os.times()[:2])) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + cpu_seconds, used + cpu_seconds + _GRACE_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sizes = Path("/proc/self/statm")
    if sizes.exists():
        taken = int(sizes.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory_bytes, taken + memory_bytes))
        # Where memory is short for all, it is this process that goes.
        Path("/proc/self/oom_score_adj").write_text("1000")


def _send(sink: IO[bytes], kind: int, content: bytes) -> None:
    sink.write(_HEAD.pack(kind, len(content)))
    sink.write(content)
    sink.flush()


def _run(call: Generator[bytes, None, Any], sink: IO[bytes]) -> None:
    try:
        while True:
            try:
                frame = next(call)
            except StopIteration as end:
                _send(sink, _RESULT, json.dumps(end.value).encode())
                return
            _send(sink, _FRAME, frame)
    except TabularError as refusal:
        _send(sink, _REFUSAL, json.dumps({"code": refusal.code, "message": refusal.message}).encode())
    except MemoryError:
        _send(sink, _OUT_OF_MEMORY, b"")
    except BrokenPipeError:
        # Nobody reads any more.
        os._exit(0)


def main() -> None:
    """Serve one call, named by the command line; the file is the standard input, the frames the standard output."""
    target, arguments, cpu_seconds, memory_bytes = json.loads(sys.argv[1])
    module, _, name = target.partition(":")
    function = getattr(import_module(module), name)
    with os.fdopen(0, "rb") as source, os.fdopen(1, "wb") as sink:
        _limit(cpu_seconds, memory_bytes)
        source.seek(0)
        _run(function(source, **arguments), sink)


if __name__ == "__main__":
    main()
