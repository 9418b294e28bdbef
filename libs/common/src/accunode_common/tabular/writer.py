"""What every writer of tables promises."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Literal, Self

from accunode_common.tabular.model import BLOCK_ROWS, Cell

_LOOK = 100

Columns = Sequence[Sequence[Cell]]
"""Some rows of a table by their columns, each with as many cells as the others."""


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column to write; `type` decides how Parquet stores it."""

    heading: str
    type: Literal["text", "number", "integer", "boolean", "timestamp"] = "text"


class TableWriter(AbstractContextManager["TableWriter"], ABC):
    """Writes rows to a binary file, which stays open. Leaving the context without an error completes the file."""

    @abstractmethod
    def write_columns(self, columns: Columns) -> None:
        """Append rows by their columns: as many as there are, or none of no rows."""

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Append rows, each with as many cells as there are columns."""
        source = iter(rows)
        while block := list(islice(source, BLOCK_ROWS)):
            self.write_columns(list(zip(*block, strict=True)))

    @abstractmethod
    def finish(self) -> None:
        """Write what a complete file still needs."""

    def abandon(self) -> None:
        """Release what is held for a file that will not be completed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()


def repeats(texts: Sequence[str]) -> bool:
    """Whether the texts of a column seem to come again and again, by a look at some."""
    some = texts[:_LOOK]
    return len(some) >= 2 * len(set(some))
