"""The regular stretches of a text table: lines that are each one record as wide as the header, found without a parser.

What is regular here means the same to every CSV parser: no field opens a quote that its line does not close, and lines
end in one way only. All else is left to `DelimitedTable.blocks`.
"""

import csv
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from accunode_common.tabular.delimited import DelimitedTable, Place

_NEWLINE, _RETURN, _ZERO = b"\n\r\x00"
_MARK = "\ufeff".encode()


@dataclass(frozen=True, slots=True)
class RegularLines:
    """Lines of a text table that follow each other.

    Attributes:
        content: Their text in UTF-8, without a byte order mark.
        ends: Where each line's break stands in `content`, or the end of the last one that has none.
        first_line: The number of the first.
        delimiter: What separates their cells.
        end: Where they end in the file.
    """

    content: bytes
    ends: NDArray[np.int64]
    first_line: int
    delimiter: str
    end: Place

    def __len__(self) -> int:
        return len(self.ends)

    def cells(self, index: int) -> list[str]:
        """The cells of one line."""
        start = int(self.ends[index - 1]) + 1 if index else 0
        text = self.content[start : int(self.ends[index])].decode()
        return next(csv.reader([text], delimiter=self.delimiter, strict=True))


class RegularStretches:
    """Finds the regular lines of a table in pieces of so many bytes; stretches of fewer lines are not worth it."""

    def __init__(self, table: DelimitedTable, width: int, *, piece_bytes: int, fewest_lines: int) -> None:
        self._table = table
        self._width = width
        self._piece_bytes = piece_bytes
        self._fewest = fewest_lines
        self._piece = _Piece(0, b"", line_ends(b""), np.zeros((0, 2), dtype=np.int64))

    def at(self, place: Place) -> RegularLines | None:
        """The regular lines that begin at a place; None where there are none, or too few."""
        index = self._index(place)
        stretch = self._next(index)
        if index is None or stretch is None or stretch[0] > index:
            return None
        piece, table = self._piece, self._table
        last = min(stretch[1], index + table.limits.max_rows - place.rows)
        if last <= index:
            return None
        start, end = piece.start(index), int(piece.ends[last - 1]) + 1
        content = piece.content[start:end]
        size = len(content)
        if table.encoding == "cp1252" and not content.isascii():
            content = content.decode("cp1252").encode()
        after = Place(place.byte + size, place.line + last - index, place.rows + last - index)
        return RegularLines(content, line_ends(content), place.line, table.delimiter or ",", after)

    def lines_before_next(self, place: Place) -> int:
        """How many lines stand before the next stretch, as far as is known."""
        index = self._index(place)
        stretch = self._next(index)
        return max(1, (len(self._piece.ends) if stretch is None else stretch[0]) - index) if index is not None else 1

    def _index(self, place: Place) -> int | None:
        """Which line of the piece begins at a place; the piece is read if it is another's."""
        piece = self._piece
        if not piece.byte <= place.byte < piece.byte + len(piece.content):
            self._piece = piece = self._read(place.byte)
        index = int(np.searchsorted(piece.ends, place.byte - piece.byte))
        return index if index < len(piece.ends) and piece.byte + piece.start(index) == place.byte else None

    def _next(self, index: int | None) -> tuple[int, int] | None:
        """The stretch at a line or after it."""
        if index is None:
            return None
        stretches = self._piece.stretches
        number = int(np.searchsorted(stretches[:, 1], index + self._fewest))
        return (int(stretches[number, 0]), int(stretches[number, 1])) if number < len(stretches) else None

    def _read(self, byte: int) -> "_Piece":
        content = self._table.content(byte, self._piece_bytes)
        if len(content) == self._piece_bytes:
            content = content[: content.rfind(b"\n") + 1]
        ends = line_ends(content)
        limits, delimiter = self._table.limits, self._table.delimiter or ","
        # No cell of a line that has no more bytes than a cell may have characters is too long.
        longest = min(limits.max_cell_chars, limits.max_line_chars)
        irregular = np.flatnonzero(irregular_lines(content, ends, delimiter, self._width, longest))
        stretches = np.column_stack([np.append(0, irregular + 1), np.append(irregular, len(ends))])
        return _Piece(byte, content, ends, stretches[stretches[:, 1] - stretches[:, 0] >= self._fewest])


@dataclass(frozen=True, slots=True)
class _Piece:
    """Whole lines, from a byte of the file on, and which of them are regular, as pairs of a first and a next one."""

    byte: int
    content: bytes
    ends: NDArray[np.int64]
    stretches: NDArray[np.int64]

    def start(self, index: int) -> int:
        return int(self.ends[index - 1]) + 1 if index else 0


def line_ends(content: bytes) -> NDArray[np.int64]:
    """Where each line's break stands, or the end of a last line that has none."""
    ends = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == _NEWLINE)
    return ends if content.endswith(b"\n") or not content else np.append(ends, len(content))


def irregular_lines(
    content: bytes, ends: NDArray[np.int64], delimiter: str, width: int, longest: int
) -> NDArray[np.bool_]:
    """Which lines of `content`, in a superset of ASCII, are irregular, or longer than so many bytes."""
    octets = np.frombuffer(content, dtype=np.uint8)
    delimiters = np.flatnonzero(octets == ord(delimiter))
    odd = np.diff(np.searchsorted(delimiters, ends), prepend=0) != width - 1
    odd |= np.diff(ends, prepend=-1) > longest
    if b"\r" in content:
        returns = np.flatnonzero(octets == _RETURN)
        followed = np.append(octets, _ZERO)[returns + 1] == _NEWLINE
        odd[np.searchsorted(ends, returns[~followed])] = True
    if b'"' in content:
        pattern = _quoted(delimiter, width)
        for line in np.unique(np.searchsorted(ends, np.flatnonzero(octets == ord('"')))).tolist():
            start, end = int(ends[line - 1]) + 1 if line else 0, int(ends[line])
            odd[line] = end - start > longest or not pattern.fullmatch(content, start, end)
    for sign in (b"\x00", _MARK):
        at = content.find(sign)
        while at >= 0:
            line = int(np.searchsorted(ends, at))
            odd[line] = True
            at = content.find(sign, int(ends[line]))
    return np.asarray(odd)


@lru_cache(maxsize=8)
def _quoted(delimiter: str, width: int) -> re.Pattern[bytes]:
    """A line whose fields are either quoted as a whole or do not begin with a quote."""
    separator = re.escape(delimiter)
    field = rf'(?:"(?:[^"\r]++|"")*+"|(?:[^"{separator}\r][^{separator}\r]*+)?)'
    return re.compile(rf"{field}(?:{separator}{field}){{{width - 1}}}\r?".encode())
