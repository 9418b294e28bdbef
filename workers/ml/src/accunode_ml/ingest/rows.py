"""Sorts the rows of one block into accepted, rejected and skipped."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_common.names import clean_name, name_key
from accunode_common.tabular import NOTE_MARK, Cell, FileFormat, RowBlock
from accunode_ml.ingest.cells import cell_text, column_texts
from accunode_ml.ingest.columns import COMPANY_NAME, FISCAL_QUARTER, FISCAL_YEAR
from accunode_ml.ingest.duplicates import DuplicateIndex
from accunode_ml.ingest.header import Header
from accunode_ml.ingest.identity import Identities
from accunode_ml.ingest.model import CleanBlock, Problem, RejectCode, RejectedRow, SkipCode, SkippedRow
from accunode_ml.ingest.notes import is_marked_note, is_note
from accunode_ml.ingest.numeric import FileNumbers, read_input
from accunode_ml.ingest.period import FIRST_YEAR, LAST_YEAR, Period, parse_period
from accunode_scoring import RATIOS, Kind
from accunode_scoring.statement import STATEMENT

MAX_NAME_CHARS = 300
_LONGEST_CLEANED = 4 * MAX_NAME_CHARS
_REMEMBERED_PERIODS = 10_000


@dataclass(slots=True)
class _Read:
    """A block's cells, read but not yet judged."""

    block: RowBlock
    names: list[str]
    periods: list[Period | None]
    ratios: NDArray[np.float64]
    problems: dict[int, list[Problem]]
    overlong: set[int]


class RowCleaner:
    """Applies the rules for rows; remembers across blocks what earlier rows held."""

    def __init__(self, header: Header, kind: Kind, numbers: FileNumbers, file_format: FileFormat) -> None:
        self._header = header
        self._kind = kind
        self._inputs = RATIOS[kind]
        self._numbers = numbers
        # A misplaced delimiter shifts the cells of a text file; in a sheet, remarks beside the table are common.
        self._refuse_extra_cells = file_format is FileFormat.CSV
        # A sheet has no blank rows of its own: those below the last company are not rows of the table.
        self._hold_blanks = file_format is FileFormat.XLSX
        self._held_blanks: list[int] = []
        self._width = len(header.headings)
        self._seen = DuplicateIndex()
        self._periods: dict[tuple[Cell, Cell], Period | None] = {}
        self._line_above_gap: int | None = None
        self.identities = Identities(header.columns, numbers)

    def clean(self, block: RowBlock) -> CleanBlock:
        """Judge each row of a block, which must follow the previous one in the file."""
        read = self._read(block)
        rejected: list[RejectedRow] = []
        skipped: list[SkippedRow] = []
        accepted: list[int] = []
        keys: list[str] = []
        has_values: list[bool] = np.asarray(np.isfinite(read.ratios).any(axis=1)).tolist()
        width = len(self._inputs) * read.ratios.itemsize
        # Adding zero turns -0.0 into 0.0, so that equal values have equal bytes.
        content = (read.ratios + 0.0).tobytes()
        marked = NOTE_MARK.strip() in "".join([name[:1] for name in read.names])
        for row, (line, name, period) in enumerate(zip(block.lines, read.names, read.periods, strict=True)):
            sound = (
                name
                and period is not None
                and has_values[row]
                and row not in read.problems
                and row not in read.overlong
                and len(name) <= MAX_NAME_CHARS
                and not (marked and is_marked_note(name))
                and "\ufffd" not in name
            )
            if not sound or period is None:
                self._refuse(read, row, has_values[row], rejected, skipped)
                continue
            key = name_key(name)
            earlier = self._seen.add(
                key, period.year, period.quarter or 0, content[row * width : (row + 1) * width], line
            )
            self._release_blanks(skipped)
            if earlier is None:
                accepted.append(row)
                keys.append(key)
            elif earlier[1]:
                message = f"The row repeats line {earlier[0]}."
                skipped.append(SkippedRow(line, name, SkipCode.DUPLICATE, message))
            else:
                rejected.append(_conflict(line, name, period, earlier[0]))
        return self._accepted(read, accepted, keys, rejected, skipped)

    def _read(self, block: RowBlock) -> _Read:
        rows, overlong = self._squared(block.rows)
        squared = RowBlock(block.lines, rows)
        positions = self._header.columns.positions
        headings = self._header.columns.headings
        problems: dict[int, list[Problem]] = {}
        columns: list[NDArray[np.float64]] = []
        for ratio in self._inputs:
            if ratio.name not in positions:
                columns.append(np.full(len(rows), np.nan))
                continue
            cells = _column(rows, positions[ratio.name])
            values, found = read_input(cells, ratio, headings[ratio.name], self._numbers.formats[ratio.name])
            columns.append(values)
            for row, found_problem in found.items():
                problems.setdefault(row, []).append(found_problem)
        ratios = np.column_stack(columns)
        if self._kind is Kind.STATEMENT:
            self._require(ratios, rows, problems)
        names = [
            # Composing characters costs the square of a text's length.
            clean_name(name) if len(name) <= _LONGEST_CLEANED else name[:_LONGEST_CLEANED]
            for name in column_texts(_column(rows, positions[COMPANY_NAME]))
        ]
        return _Read(squared, names, self._read_periods(rows), ratios, problems, overlong)

    def _require(
        self, ratios: NDArray[np.float64], rows: Sequence[Sequence[Cell]], problems: dict[int, list[Problem]]
    ) -> None:
        """Note rows with amounts that lack one without which no statement can be scored."""
        columns = self._header.columns
        for name in STATEMENT.required:
            place = [ratio.name for ratio in self._inputs].index(name)
            positive = name in STATEMENT.positive
            lacking = np.isfinite(ratios).any(axis=1) & (
                ~(ratios[:, place] > 0) if positive else np.isnan(ratios[:, place])
            )
            for row in np.flatnonzero(lacking).tolist():
                if all(problem.column != name for problem in problems.get(row, ())):
                    message = f"{columns.headings[name]} must be given{' and above zero' if positive else ''}."
                    value = cell_text(rows[row][columns.positions[name]])[:200]
                    problems.setdefault(row, []).append(Problem(RejectCode.REQUIRED, name, message, value))

    def _squared(self, rows: list[Sequence[Cell]]) -> tuple[list[Sequence[Cell]], set[int]]:
        """Rows all as wide as the header at least, and which of them have filled cells beyond it."""
        overlong: set[int] = set()
        widths = set(map(len, rows))
        if widths == {self._width}:
            return rows, overlong
        squared = list(rows)
        for index, row in enumerate(rows):
            if len(row) < self._width:
                squared[index] = [*row, *[None] * (self._width - len(row))]
            elif self._refuse_extra_cells and any(map(cell_text, row[self._width :])):
                overlong.add(index)
        return squared, overlong

    def _read_periods(self, rows: list[Sequence[Cell]]) -> list[Period | None]:
        positions = self._header.columns.positions
        blanks: list[Cell] = [None] * len(rows)
        years = _column(rows, positions[FISCAL_YEAR]) if FISCAL_YEAR in positions else blanks
        quarters = _column(rows, positions[FISCAL_QUARTER]) if FISCAL_QUARTER in positions else blanks
        quarterly = self._kind is Kind.QUARTERLY
        known = self._periods
        periods: list[Period | None] = []
        for pair in zip(years, quarters, strict=True):
            if pair not in known:
                if len(known) > _REMEMBERED_PERIODS:
                    known.clear()
                known[pair] = parse_period(*pair, quarterly=quarterly)
            periods.append(known[pair])
        return periods

    def _refuse(
        self, read: _Read, row: int, has_values: bool, rejected: list[RejectedRow], skipped: list[SkippedRow]
    ) -> None:
        line = read.block.lines[row]
        texts = [text for text in map(cell_text, read.block.rows[row]) if text]
        after_gap = self._line_above_gap == line - 1
        if not texts:
            self._line_above_gap = line
            self._held_blanks.append(line)
            if not self._hold_blanks:
                self._release_blanks(skipped)
            return
        has_period = read.periods[row] is not None
        has_numbers = has_values or any(
            found.code is not RejectCode.UNPARSEABLE_NUMBER for found in read.problems.get(row, ())
        )
        if (
            is_marked_note(texts[0])
            or is_note(texts, has_period=has_period, has_numbers=has_numbers, after_gap=after_gap)
            or self._repeats_header(read.block.rows[row])
        ):
            self._line_above_gap = line
            skipped.append(
                SkippedRow(line, "", SkipCode.FOOTER, f"The row is a note, not a company: {texts[0][:100]!r}.")
            )
            return
        self._release_blanks(skipped)
        company = read.names[row][:MAX_NAME_CHARS]
        rejected.append(RejectedRow(line, company, tuple(self._problems(read, row, has_values))))

    def _release_blanks(self, skipped: list[SkippedRow]) -> None:
        if self._held_blanks:
            skipped.extend(SkippedRow(line, "", SkipCode.BLANK, "The row is blank.") for line in self._held_blanks)
            self._held_blanks.clear()

    def _repeats_header(self, row: Sequence[Cell]) -> bool:
        columns = self._header.columns
        return all(cell_text(row[position]) == columns.headings[name] for name, position in columns.positions.items())

    def _problems(self, read: _Read, row: int, has_values: bool) -> list[Problem]:
        name = read.names[row]
        problems: list[Problem] = []
        if not name:
            problems.append(
                Problem(RejectCode.MISSING_COMPANY, COMPANY_NAME, "The company is missing; write its name.", "")
            )
        elif len(name) > MAX_NAME_CHARS or "\ufffd" in name:
            reason = "has broken characters; save the file as UTF-8"
            if len(name) > MAX_NAME_CHARS:
                reason = f"has more than {MAX_NAME_CHARS} characters; check the row's quotes and delimiters"
            problems.append(Problem(RejectCode.UNREADABLE_TEXT, COMPANY_NAME, f"The company {reason}.", name[:200]))
        if read.periods[row] is None:
            problems.append(self._period_problem(read.block.rows[row]))
        if row in read.overlong:
            message = (
                f"The row has more filled cells than the header has columns ({self._width}); put quotes around a text "
                "or number that contains the delimiter."
            )
            problems.append(Problem(RejectCode.TOO_MANY_CELLS, None, message, None))
        found = read.problems.get(row, [])
        problems.extend(found)
        if not has_values and not found:
            problems.append(Problem(RejectCode.NO_RATIOS, None, "All ratios are missing; fill in at least one.", None))
        return problems

    def _period_problem(self, row: Sequence[Cell]) -> Problem:
        positions = self._header.columns.positions
        filled = [name for name in (FISCAL_YEAR, FISCAL_QUARTER) if name in positions]
        texts = {name: cell_text(row[positions[name]])[:100] for name in filled}
        quarterly = self._kind is Kind.QUARTERLY
        sound_year = parse_period(row[positions[FISCAL_YEAR]], None, quarterly=False) if FISCAL_YEAR in texts else None
        column = FISCAL_QUARTER if quarterly and FISCAL_QUARTER in texts and sound_year else filled[0]
        shown = " ".join(text for text in texts.values() if text)
        expected = f"a year from {FIRST_YEAR} to {LAST_YEAR} with four digits, such as 2014"
        if quarterly:
            expected += ", and a quarter from 1 to 4, such as Q4"
        state = f"{shown!r} is not a fiscal period" if shown else "The fiscal period is missing"
        return Problem(RejectCode.BAD_PERIOD, column, f"{state}; write {expected}.", texts[column])

    def _accepted(
        self,
        read: _Read,
        accepted: list[int],
        keys: list[str],
        rejected: list[RejectedRow],
        skipped: list[SkippedRow],
    ) -> CleanBlock:
        rows = [read.block.rows[row] for row in accepted]
        lines = [read.block.lines[row] for row in accepted]
        periods = [period for row in accepted if (period := read.periods[row]) is not None]
        texts = {name: self.identities.texts(name, rows, lines) for name in self.identities.TEXT_COLUMNS}
        return CleanBlock(
            lines=np.array(lines, dtype=np.int64),
            companies=[read.names[row] for row in accepted],
            company_keys=keys,
            symbols=texts["symbol"],
            sectors=texts["sector"],
            external_ids=texts["external_id"],
            currencies=texts["currency"],
            market_caps=self.identities.market_caps(rows, lines),
            fiscal_years=np.array([period.year for period in periods], dtype=np.int16),
            fiscal_quarters=np.array([period.quarter or 0 for period in periods], dtype=np.int8),
            ratios=read.ratios[accepted],
            rejected=rejected,
            skipped=sorted(skipped, key=lambda row: row.line),
        )


def _column(rows: Sequence[Sequence[Cell]], position: int) -> list[Cell]:
    return [row[position] for row in rows]


def _conflict(line: int, name: str, period: Period, earlier: int) -> RejectedRow:
    when = f"{period.year}Q{period.quarter}" if period.quarter else str(period.year)
    message = f"{name} has other values for {when} on line {earlier}; keep the row that is right."
    return RejectedRow(line, name, (Problem(RejectCode.CONFLICT_DUPLICATE, None, message, when),))
