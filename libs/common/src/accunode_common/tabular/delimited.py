"""Text tables: comma, semicolon, tab or pipe, in whatever encoding, quoted fields over several lines."""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
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


class DelimitedTable(Table):
    """A text table. Lines are counted as an editor shows them, so a quoted line break counts."""

    format = FileFormat.CSV

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        super().__init__()
        self._source = source
        self._limits = limits
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

    def blocks(self, size: int = BLOCK_ROWS) -> Iterator[RowBlock]:
        limits = self._limits
        lines: list[int] = []
        rows: list[Sequence[Cell]] = []
        chars = 0
        for count, (line, cells, length) in enumerate(self._rows(), start=1):
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
                yield RowBlock(lines, rows)
                lines, rows, chars = [], [], 0
        if rows:
            yield RowBlock(lines, rows)

    def _open(self) -> io.TextIOWrapper:
        self._source.seek(self._encoding.start)
        return io.TextIOWrapper(
            self._source, encoding=self._encoding.codec, errors=self._encoding.errors, newline="", write_through=True
        )

    def _sample(self) -> list[str]:
        text = self._open()
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

    def _rows(self) -> Iterator[tuple[int, Sequence[Cell], int]]:
        text = self._open()
        try:
            line = 1
            if self._declares_separator:
                text.readline(self._limits.max_line_chars)
                line = 2
            yield from self._records(text, line)
        finally:
            if not self._source.closed:
                text.detach()

    def _records(self, text: io.TextIOWrapper, line: int) -> Iterator[tuple[int, Sequence[Cell], int]]:
        """Records with the line each starts on, and their characters.

        A record that breaks the quoting rules (an unclosed quote, text after a closing one) or has more characters
        than a line may have never swallows its neighbours: its first line is read alone and leniently, and the lines
        after it are read again. Whoever is inside quotes at one of those lines meets the same end, so that until there
        no record is tried over several lines a second time: no line is read more than four times.
        """
        max_cell = self._limits.max_cell_chars
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
                    pending.clear()
                    yield line, cells, length
                    line += taken
            except (csv.Error, _RecordTooLongError):
                first, *again_alone = pending
                again.extendleft(reversed(again_alone[-1:]))
                pending.clear()
                for alone in (first, *again_alone[:-1]):
                    yield line, self._alone(line, alone), len(alone)
                    line += 1
            else:
                return

    def _reader(self, lines: Iterable[str], *, strict: bool) -> Iterator[list[str]]:
        delimiter = self.delimiter or ","
        return csv.reader(lines, delimiter=delimiter, strict=strict, skipinitialspace=self._skip_space)

    def _lines(self, text: io.TextIOWrapper, pending: list[str], again: deque[str], first_line: int) -> Iterator[str]:
        max_chars = self._limits.max_line_chars
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
        _check_cells(line, cells, self._limits.max_cell_chars)
        return cells

    def _lenient(self, line: int, text: str) -> list[str]:
        try:
            cells = next(self._reader([text], strict=False), [])
        except csv.Error:
            raise _cell_too_long(line, self._limits.max_cell_chars) from None
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
