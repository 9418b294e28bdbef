"""Reads a small text table in a process of its own, at once."""

import json
import tempfile
from collections.abc import Generator
from dataclasses import asdict
from typing import Any, BinaryIO

from accunode_common.tabular.confined import Allowance, confined
from accunode_common.tabular.model import FileFormat, Limits
from accunode_common.tabular.open import open_table

Line = tuple[int, list[str]]


def read_csv_confined(content: bytes, limits: Limits, allowance: Allowance) -> list[Line]:
    """The rows of a CSV file with the lines they stand on. It blocks, so call it in a thread.

    Raises:
        TabularError: The file is refused.
        ReaderDiedError: The process died of something else.
    """
    with tempfile.TemporaryFile() as source:
        source.write(content)
        source.flush()
        with confined(f"{__name__}:read", source, {"limits": asdict(limits)}, allowance) as reading:
            return [
                (line, cells) for frame in reading.frames() if frame is not None for line, cells in json.loads(frame)
            ]


def read(source: BinaryIO, *, limits: dict[str, Any]) -> Generator[bytes, None, None]:
    """The other process's part: each block of rows as JSON."""
    with open_table(source, limits=Limits(**limits), formats={FileFormat.CSV}) as table:
        for block in table.blocks():
            yield json.dumps(list(zip(block.lines, block.rows, strict=True))).encode()
