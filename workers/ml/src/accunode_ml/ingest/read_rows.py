"""Rows whose cells are read but not yet judged, and the form of the file that they are read by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accunode_common.names import clean_name, name_key
from accunode_common.tabular import Cell, FileFormat
from accunode_ml.ingest.cells import column_texts
from accunode_ml.ingest.header import Header
from accunode_ml.ingest.model import Problem
from accunode_ml.ingest.numeric import FileNumbers
from accunode_scoring import RATIOS, Kind, Ratio

MAX_NAME_CHARS = 300
_LONGEST_CLEANED = 4 * MAX_NAME_CHARS
_REMEMBERED_NAMES = 1 << 16


@dataclass(frozen=True, slots=True)
class Form:
    """What is known of a file once its header and its first rows are read."""

    header: Header
    kind: Kind
    numbers: FileNumbers
    format: FileFormat

    @property
    def inputs(self) -> Sequence[Ratio]:
        """The kind's inputs in their order."""
        return RATIOS[self.kind]

    @property
    def width(self) -> int:
        """The columns of the header."""
        return len(self.header.headings)


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Consecutive rows of a file.

    Attributes:
        lines: Where they stand, shape (n,).
        names: Companies as they are kept, empty where missing.
        keys: `name_key` of each name.
        years: Fiscal years, 0 where the row has no readable period.
        quarters: 1 to 4, or 0 for kinds without quarters.
        ratios: Shape (n, k), NaN where missing or wrong.
        problems: What is wrong with a row's numbers, by its position.
        overlong: Positions of rows with filled cells beyond the header's columns.
        cells: The cells of the row at a position, as many as the header has columns or more.
        column: The cells in a column of the file of the rows at some positions; as an array where all are text.
    """

    lines: NDArray[np.int64]
    names: pa.StringArray
    keys: pa.StringArray
    years: NDArray[np.int16]
    quarters: NDArray[np.int8]
    ratios: NDArray[np.float64]
    problems: dict[int, list[Problem]]
    overlong: set[int]
    cells: Callable[[int], Sequence[Cell]]
    column: Callable[[int, NDArray[np.int64]], pa.StringArray | list[Cell]]


@lru_cache(maxsize=_REMEMBERED_NAMES)
def clean_and_key(text: str) -> tuple[str, str]:
    """A company's name as it is kept, and its key, from a cell's text."""
    (text,) = column_texts([text])
    # Composing characters costs the square of a text's length.
    name = clean_name(text) if len(text) <= _LONGEST_CLEANED else text[:_LONGEST_CLEANED]
    return name, name_key(name) if len(name) <= MAX_NAME_CHARS else ""
