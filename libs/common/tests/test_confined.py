"""The process that reads strangers' files: what it gives, and how its limits end it."""

import io
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from accunode_common.tabular import TabularError
from accunode_common.tabular.confined import MEBIBYTE, Allowance, ReaderDiedError, confined

ALLOWANCE = Allowance(cpu_seconds=30, memory_bytes=256 * MEBIBYTE)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[BinaryIO]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with tempfile.TemporaryFile() as file:
        file.write(b"a file")
        file.flush()
        yield file


def read(target: str, source: BinaryIO, allowance: Allowance = ALLOWANCE, **arguments: Any) -> tuple[list[bytes], Any]:
    with confined(f"confined_targets:{target}", source, arguments, allowance) as reading:
        frames = [frame for frame in reading.frames() if frame is not None]
        return frames, reading.result


def test_frames_and_the_result_come_through(source: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", "postgresql://secret")
    frames, result = read("echo", source, times=3)
    assert frames == [b"a file"] * 3
    assert result["size"] == 6
    assert not any(name.startswith("ACCUNODE") for name in result["environment"])


def test_large_frames_come_through_whole(source: BinaryIO) -> None:
    source.write(os.urandom(3 * MEBIBYTE))
    source.flush()
    source.seek(0)
    content = source.read()
    assert read("echo", source, times=2)[0] == [content] * 2


@pytest.mark.parametrize(
    ("target", "allowance", "code", "says"),
    [
        ("refuse", ALLOWANCE, "no_header", "There is no header."),
        ("compute", Allowance(1, 256 * MEBIBYTE), "file_too_costly", "more than 1 seconds of computing"),
        ("compute_in_one_call", Allowance(1, 4096 * MEBIBYTE), "file_too_costly", "more than 1 seconds of computing"),
        ("grow", Allowance(30, 64 * MEBIBYTE), "file_too_costly", "more than 64 MiB of memory"),
        ("sleep", Allowance(30, 64 * MEBIBYTE, silence_seconds=0.5), "file_too_costly", "seconds of computing"),
        ("crash", ALLOWANCE, "unreadable_file", "breaks the reader"),
    ],
)
def test_a_file_that_breaks_a_limit_is_refused_in_one_sentence(
    source: BinaryIO, target: str, allowance: Allowance, code: str, says: str
) -> None:
    with pytest.raises(TabularError, match=says) as refused:
        read(target, source, allowance)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize("target", ["fail", "leave"])
def test_what_is_not_the_files_fault_can_be_tried_again(source: BinaryIO, target: str) -> None:
    with pytest.raises(ReaderDiedError):
        read(target, source)


def test_the_reader_writes_no_files(source: BinaryIO, tmp_path: Path) -> None:
    assert read("write", source, path=str(tmp_path / "file"))[1] != "written"


def test_the_caller_learns_of_pauses_and_ends_the_process_by_leaving(source: BinaryIO) -> None:
    with confined("confined_targets:sleep", source, {}, ALLOWANCE) as reading:
        frames = reading.frames(pause=0.05)
        while (frame := next(frames)) is None:
            pass
        assert frame == b"one"
        assert next(frames) is None
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert reading._process.returncode == -9


def test_a_file_that_is_no_file_of_the_system_is_refused_at_once() -> None:
    with pytest.raises(io.UnsupportedOperation), confined("x:y", io.BytesIO(), {}, ALLOWANCE):
        pass
