"""What the confined process is asked to do in tests: to be good, and to be bad in every way."""

import ctypes
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, BinaryIO

from accunode_common.tabular.errors import TabularError, TabularErrorCode


def echo(source: BinaryIO, *, times: int) -> Generator[bytes, None, dict[str, Any]]:
    content = source.read()
    for _ in range(times):
        yield content
    return {"size": len(content), "environment": sorted(os.environ)}


def refuse(source: BinaryIO) -> Generator[bytes, None, None]:
    yield b"one"
    raise TabularError(TabularErrorCode.NO_HEADER, "There is no header.")


def compute(source: BinaryIO) -> Generator[bytes, None, None]:
    yield b"one"
    while True:
        sum(range(100_000))


def compute_in_one_call(source: BinaryIO) -> Generator[bytes, None, None]:
    yield b"one"
    ("a" * 100_000 + "b").count("a" * 50_000 + "c")
    10 ** (10**9)


def grow(source: BinaryIO) -> Generator[bytes, None, None]:
    yield b"one"
    held = []
    while True:
        held.append(bytearray(1024 * 1024))


def sleep(source: BinaryIO) -> Generator[bytes, None, None]:
    yield b"one"
    time.sleep(600)


def crash(source: BinaryIO) -> Generator[bytes, None, None]:
    yield b"one"
    ctypes.string_at(0)


def fail(source: BinaryIO) -> Generator[bytes, None, None]:
    yield b"one"
    raise KeyError("a mistake of ours")


def leave(source: BinaryIO) -> Generator[bytes, None, None]:
    yield b"one"
    os.kill(os.getpid(), 9)


def write(source: BinaryIO, *, path: str) -> Generator[bytes, None, str]:
    yield b"one"
    try:
        Path(path).write_text("text")
    except OSError as error:
        return type(error).__name__
    return "written"
