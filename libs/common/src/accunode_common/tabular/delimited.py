"""Text tables: comma, semicolon, tab or pipe, in whatever encoding, quoted fields over several lines."""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from accunode_common.tabular.encoding import Encoding, detect_encoding
from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import BLOCK_ROWS, Cell, FileFormat, Limits, RowBlock, Table

DELIMITERS = (",", ";", "\t", "|")

_SAMPLE_LINES = 200
_SAMPLE_CHARS = 65_536
_SEPARATOR_LINE = re.compile(r"\"?sep=([^\w\s\"]|[\t ])\"?\s*", re.IGNORECASE)
_BINARY_SHARE = 0.01
_BLOCK_CHARS = 16 * 1024 * 1024
_WITH_ASCII = frozenset({"utf-8", "cp1252"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row of a text table begins: at which byte, on which line, after how many rows."""

    byte: int
    line: int = 1
    rows: int = 0


class DelimitedTable(Table):
    """A text table. Lines are counted as an editor shows them, so a quoted line break counts.

    Attributes:
        limits: What the file may be at most.
        place: Where the block ends that `blocks` has given last; None where another reading cannot begin: between
            lines that are read alone, and in a file whose delimiters and line breaks are not single bytes.
    """

    format = FileFormat.CSV

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        super().__init__()
        self._source = source
        self.limits = limits
        self._encoding: Encoding = detect_encoding(source)
        self.encoding = self._encoding.name
        if self._encoding.warning:
            self.warnings.append(self._encoding.warning)
        sample = self._sample()
        declared = _SEPARATOR_LINE.fullmatch(sample[0]) if sample else None
        self._declares_separator = declared is not None
        self.delimiter = declared.group(1) if declared else sniff_delimiter(sample)
        # `Acme, "Foo, Inc", 2013`: a quote after a space opens a quoted field only when spaces are skipped.
        self._skip_space = any(f'{self.delimiter} "' in line for line in sample)
        self._has_places = (
            self.delimiter in DELIMITERS
            and not self._skip_space
            and self._encoding.codec in _WITH_ASCII
            and self._encoding.errors == "strict"
        )
        self.place: Place | None = None
        self._next: tuple[int, int] | None = None

    def blocks(self, size: int = BLOCK_ROWS, start: Place | None = None) -> Iterator[RowBlock]:
        limits = self.limits
        count = start.rows if start else 0
        lines: list[int] = []
        rows: list[Sequence[Cell]] = []
        chars = 0
        for line, cells, length in self._rows(start or Place(self._encoding.start)):
            count += 1
            if len(cells) > limits.max_columns:
                raise TabularError(
                    TabularErrorCode.TOO_MANY_COLUMNS,
                    f"Line {line} has more than {limits.max_columns} columns; remove the columns that are not needed.",
                )
            if count > limits.max_rows:
                raise TabularError(
                    TabularErrorCode.TOO_MANY_ROWS,
                    f"The file has more than {limits.max_rows:,} rows; split it and upload the parts.",
                )
            lines.append(line)
            rows.append(cells)
            chars += length
            if len(rows) == size or chars > _BLOCK_CHARS:
                self.place = self._next and Place(*self._next, count)
                yield RowBlock(lines, rows)
                lines, rows, chars = [], [], 0
        if rows:
            self.place = self._next and Place(*self._next, count)
            yield RowBlock(lines, rows)

    def content(self, byte: int, size: int) -> bytes:
        """So many bytes of the file; a reading by `blocks` that is under way cannot go on afterwards."""
        self._source.seek(byte)
        return self._source.read(size)

    def _open(self, byte: int) -> io.TextIOWrapper:
        self._source.seek(byte)
        return io.TextIOWrapper(
            self._source, encoding=self._encoding.codec, errors=self._encoding.errors, newline="", write_through=True
        )

    def _sample(self) -> list[str]:
        text = self._open(self._encoding.start)
        try:
            content = text.read(_SAMPLE_CHARS)
        finally:
            text.detach()
        if content.count("\x00") > _BINARY_SHARE * len(content):
            raise TabularError(
                TabularErrorCode.UNSUPPORTED_FORMAT,
                "The file is not text, a workbook or Parquet; save it as CSV or XLSX and upload that.",
            )
        lines = io.StringIO(content, newline="").readlines()
        if len(content) == _SAMPLE_CHARS and len(lines) > 1:
            lines.pop()
        return lines[:_SAMPLE_LINES]

    def _rows(self, start: Place) -> Iterator[tuple[int, Sequence[Cell], int]]:
        text = self._open(start.byte)
        try:
            byte, line = start.byte, start.line
            if self._declares_separator and line == 1:
                byte += self._bytes(text.readline(self.limits.max_line_chars))
                line = 2
            yield from self._records(text, byte, line)
        finally:
            if not self._source.closed:
                text.detach()

    def _bytes(self, line: str) -> int:
        return len(line) if line.isascii() else len(line.encode(self._encoding.codec, "replace"))

    def _records(self, text: io.TextIOWrapper, byte: int, line: int) -> Iterator[tuple[int, Sequence[Cell], int]]:
        """Records with the line each starts on, and their characters.

        `_next` is the byte and the line after what was given, None among lines that are read alone.

        A record that breaks the quoting rules (an unclosed quote, text after a closing one) or has more characters
        than a line may have never swallows its neighbours: its first line is read alone and leniently, and the lines
        after it are read again. Whoever is inside quotes at one of those lines meets the same end, so that until there
        no record is tried over several lines a second time: no line is read more than four times.
        """
        max_cell = self.limits.max_cell_chars
        pending: list[str] = []
        again: deque[str] = deque()
        while True:
            reader = self._reader(self._lines(text, pending, again, line), strict=True)
            try:
                for cells in reader:
                    taken = len(pending)
                    length = len(pending[0]) if taken == 1 else sum(map(len, pending))
                    if length > max_cell:
                        _check_cells(line, cells, max_cell)
                    if self._has_places:
                        byte += sum(map(self._bytes, pending))
                        self._next = (byte, line + taken)
                    pending.clear()
                    yield line, cells, length
                    line += taken
            except (csv.Error, _RecordTooLongError):
                first, *again_alone = pending
                again.extendleft(reversed(again_alone[-1:]))
                pending.clear()
                self._next = None
                for alone in (first, *again_alone[:-1]):
                    byte += self._bytes(alone)
                    yield line, self._alone(line, alone), len(alone)
                    line += 1
            else:
                return

    def _reader(self, lines: Iterable[str], *, strict: bool) -> Iterator[list[str]]:
        delimiter = self.delimiter or ","
        return csv.reader(lines, delimiter=delimiter, strict=strict, skipinitialspace=self._skip_space)

    def _lines(self, text: io.TextIOWrapper, pending: list[str], again: deque[str], first_line: int) -> Iterator[str]:
        max_chars = self.limits.max_line_chars
        read = partial(text.readline, max_chars + 1)
        length = 0
        while True:
            line = again.popleft() if again else read()
            if not line:
                return
            if len(line) > max_chars:
                raise TabularError(
                    TabularErrorCode.CELL_TOO_LONG,
                    f"A line after line {first_line} has more than {max_chars:,} characters; check its line breaks.",
                )
            length = length + len(line) if pending else len(line)
            pending.append(line)
            if length > max_chars:
                raise _RecordTooLongError
            yield line

    def _alone(self, line: int, text: str) -> Sequence[str]:
        """The cells of a line that stands for itself: by the quoting rules if it can, else leniently."""
        try:
            cells: Sequence[str] = next(self._reader([text], strict=True), [])
        except csv.Error:
            cells = self._lenient(line, text)
        _check_cells(line, cells, self.limits.max_cell_chars)
        return cells

    def _lenient(self, line: int, text: str) -> list[str]:
        try:
            cells = next(self._reader([text], strict=False), [])
        except csv.Error:
            raise _cell_too_long(line, self.limits.max_cell_chars) from None
        if cells:
            cells[-1] = cells[-1].rstrip("\r\n")
        return cells


class _RecordTooLongError(Exception):
    """The record at hand has more characters than a line may have."""


def sniff_delimiter(lines: Sequence[str]) -> str:
    """The delimiter that splits most lines into the same number of cells, two at least; a comma when none does."""

    def regularity(delimiter: str) -> tuple[float, int]:
        counts = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if any(map(str.strip, cells)))
        width, agreeing = max(counts.items(), key=lambda item: (item[0] > 1, item[1], item[0]), default=(1, 0))
        return (agreeing / counts.total(), width) if width > 1 else (0.0, 1)

    try:
        return max(DELIMITERS, key=regularity)
    except csv.Error:
        return ","


def _check_cells(line: int, cells: Sequence[str], max_chars: int) -> None:
    if max(map(len, cells), default=0) > max_chars:
        raise _cell_too_long(line, max_chars)


def _cell_too_long(line: int, max_chars: int) -> TabularError:
    return TabularError(
        TabularErrorCode.CELL_TOO_LONG,
        f"Line {line} has a cell of more than {max_chars:,} characters; check its quotes.",
    )
