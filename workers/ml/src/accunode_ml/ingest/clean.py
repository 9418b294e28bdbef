"""Reads an uploaded file from start to end: what it is, where its header stands, and what becomes of each row."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from accunode_common.tabular import (
    BLOCK_ROWS,
    Limits,
    RowBlock,
    Table,
    TabularError,
    TabularErrorCode,
    open_table,
)
from accunode_common.tabular.delimited import DelimitedTable
from accunode_common.tabular.regular import RegularStretches
from accunode_ml.ingest.header import HEAD_ROWS, Header, find_header
from accunode_ml.ingest.identity import MARKET_CAP
from accunode_ml.ingest.judge import RowJudge
from accunode_ml.ingest.model import CleanBlock, FileReport
from accunode_ml.ingest.numeric import FileNumbers, judge_numbers
from accunode_ml.ingest.period import Periods
from accunode_ml.ingest.read_rows import Form, ReadRows
from accunode_ml.ingest.regular import RegularReader
from accunode_ml.ingest.rows import RowReader
from accunode_scoring import RATIOS, Kind

REGULAR_BYTES = 1024 * 1024
"""How much of a text table is read at once where it is regular."""

_BYTES_PER_FEWEST = 2048
"""Fewer lines than one for so many bytes read at once take longer by columns than cell by cell."""


def clean_file(
    source: Path | BinaryIO,
    kind: Kind,
    *,
    limits: Limits | None = None,
    block_rows: int = BLOCK_ROWS,
    regular_bytes: int = REGULAR_BYTES,
) -> "CleanFile":
    """Open an upload and find its header; iterate over the result for its rows.

    With `regular_bytes` 0 all rows are read cell by cell; what they are does not depend on it.

    Raises:
        TabularError: The file cannot be read, or lacks a column, or has no rows.
    """
    return CleanFile(source, kind, limits=limits, block_rows=block_rows, regular_bytes=regular_bytes)


class CleanFile:
    """An upload whose header is known. Iterating once yields its rows in blocks and completes `report`.

    Raises:
        TabularError: While iterating: the file breaks off, exceeds a limit, or has no rows.
    """

    def __init__(
        self, source: Path | BinaryIO, kind: Kind, *, limits: Limits | None, block_rows: int, regular_bytes: int
    ) -> None:
        self.kind = kind
        self._block_rows = block_rows
        self._regular_bytes = regular_bytes
        self._table = open_table(source, limits=limits)
        try:
            self._header, first, self._blocks = self._find_table()
        except BaseException:
            self._table.close()
            raise
        rest = RowBlock(first.lines[self._header.next_row :], first.rows[self._header.next_row :])
        self._first = rest
        numbers = self._judge_numbers(rest)
        form, periods = Form(self._header, kind, numbers, self._table.format), Periods(quarterly=kind is Kind.QUARTERLY)
        self._rows, self._regular = RowReader(form, periods), RegularReader(form, periods)
        self._judge = RowJudge(form)
        self.report = _report(self._table, self._header, numbers)
        self._warned = len(self._table.warnings)

    def __iter__(self) -> Iterator[CleanBlock]:
        report = self.report
        for rows in self._read():
            clean = self._judge.judge(rows)
            report.accepted += len(clean.lines)
            report.rejected += len(clean.rejected)
            report.skipped += len(clean.skipped)
            report.total = report.accepted + report.rejected + report.skipped
            yield clean
        report.warnings.extend(self._table.warnings[self._warned :])
        report.warnings.extend(self._judge.identities.warnings())
        if not report.accepted + report.rejected:
            raise _no_rows(self._header.lines)

    def _read(self) -> Iterator[ReadRows]:
        if self._first.rows:
            yield self._rows.read(self._first)
        if isinstance(self._table, DelimitedTable) and self._regular_bytes:
            yield from self._read_text(self._table, self._regular_bytes)
        else:
            yield from map(self._rows.read, self._blocks)

    def _read_text(self, table: DelimitedTable, piece_bytes: int) -> Iterator[ReadRows]:
        """The rest of a text table: by columns where its lines are regular, cell by cell where they are not."""
        width, fewest = len(self._header.headings), max(1, piece_bytes // _BYTES_PER_FEWEST)
        stretches = RegularStretches(table, width, piece_bytes=piece_bytes, fewest_lines=fewest)
        blocks = self._blocks
        while True:
            place = table.place
            if place is not None:
                while (lines := stretches.at(place)) is not None:
                    yield self._regular.read(lines)
                    place = lines.end
                blocks = table.blocks(min(self._block_rows, stretches.lines_before_next(place)), start=place)
            block = next(blocks, None)
            if block is None:
                return
            yield self._rows.read(block)

    def close(self) -> None:
        """Close the file if it was opened here."""
        self._table.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find_table(self) -> tuple[Header, RowBlock, Iterator[RowBlock]]:
        """The first sheet with a usable header; without one, the refusal that says most."""
        refusal: TabularError | None = None
        for sheet in self._table.sheets or (None,):
            if sheet is not None:
                self._table.select(sheet)
            head = next(self._table.blocks(HEAD_ROWS), None)
            if head is None:
                continue
            try:
                header = find_header(head, self.kind)
                blocks = self._table.blocks(self._block_rows)
                return header, next(blocks), blocks
            except TabularError as error:
                if refusal is None or refusal.code is TabularErrorCode.NO_HEADER:
                    refusal = error
        raise refusal or TabularError(
            TabularErrorCode.EMPTY_FILE, "The file has no cells; upload a file with a header and rows."
        )

    def _judge_numbers(self, block: RowBlock) -> FileNumbers:
        positions = self._header.columns.positions
        names = [ratio.name for ratio in RATIOS[self.kind] if ratio.name in positions]
        inputs = [ratio for ratio in RATIOS[self.kind] if ratio.name in positions]
        if MARKET_CAP in positions:
            names.append(MARKET_CAP)
        columns = {name: [row[positions[name]] for row in block.rows if positions[name] < len(row)] for name in names}
        return judge_numbers(columns, inputs, self._table.delimiter)


def _report(table: Table, header: Header, numbers: FileNumbers) -> FileReport:
    warnings = [*table.warnings, *numbers.warnings]
    ignored = header.columns.ignored
    if ignored:
        warnings.append(f"These columns are not used: {', '.join(ignored)}.")
    if len(table.sheets) > 1:
        others = ", ".join(sheet for sheet in table.sheets if sheet != table.sheet)
        warnings.append(f"Only the sheet {table.sheet} was read, not {others}.")
    return FileReport(
        format=table.format.value,
        encoding=table.encoding,
        delimiter=table.delimiter,
        decimal=numbers.general.decimal,
        decimals={
            name: number_format.decimal
            for name, number_format in numbers.formats.items()
            if number_format.decimal != numbers.general.decimal
        },
        sheet=table.sheet,
        header_lines=header.lines if table.has_header_line else (),
        mapping={heading: column for column, heading in header.columns.headings.items()},
        ignored_columns=ignored,
        warnings=warnings,
    )


def _no_rows(header_lines: tuple[int, ...]) -> TabularError:
    return TabularError(
        TabularErrorCode.NO_DATA_ROWS,
        f"There are no rows below the header (line {header_lines[-1]}); add rows and upload the file again.",
    )
