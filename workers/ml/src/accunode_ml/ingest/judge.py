"""Sorts rows that were read into accepted, rejected and skipped."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from accunode_common.tabular import NOTE_MARK, Cell, FileFormat
from accunode_ml.ingest.cells import cell_text
from accunode_ml.ingest.columns import COMPANY_NAME, FISCAL_QUARTER, FISCAL_YEAR
from accunode_ml.ingest.duplicates import DuplicateIndex, row_contents, row_keys
from accunode_ml.ingest.identity import Identities
from accunode_ml.ingest.model import CleanBlock, Problem, RejectCode, RejectedRow, SkipCode, SkippedRow
from accunode_ml.ingest.notes import is_marked_note, is_note
from accunode_ml.ingest.period import FIRST_YEAR, LAST_YEAR, parse_period
from accunode_ml.ingest.read_rows import MAX_NAME_CHARS, Form, ReadRows
from accunode_scoring import Kind
from accunode_scoring.implausible import refusals_of_matrix
from accunode_scoring.least import LEAST
from accunode_scoring.statement import STATEMENT


class RowJudge:
    """Applies the rules for rows; remembers across blocks what earlier rows held."""

    def __init__(self, form: Form) -> None:
        self._form = form
        # A sheet has no blank rows of its own: those below the last company are not rows of the table.
        self._hold_blanks = form.format is FileFormat.XLSX
        self._held_blanks: list[int] = []
        self._seen = DuplicateIndex()
        self._line_above_gap: int | None = None
        self.identities = Identities(form.numbers)

    def judge(self, read: ReadRows) -> CleanBlock:
        """Judge each row of a block, which must follow the previous one in the file."""
        if self._form.kind is Kind.STATEMENT:
            self._require(read)
        self._refuse_implausible(read)
        has_values = np.asarray(np.isfinite(read.ratios).any(axis=1))
        names = [ratio.name for ratio in self._form.inputs]
        sound = (
            has_values
            & ~LEAST[self._form.kind].lacking(read.ratios, names)
            & (read.years > 0)
            & _sound_names(read.names)
        )
        sound[[*read.problems, *read.overlong]] = False
        rejected: dict[int, RejectedRow] = {}
        skipped: list[SkippedRow] = []
        self._refuse_all(read, np.flatnonzero(~sound), has_values, rejected, skipped)
        accepted = self._without_repeated(read, np.flatnonzero(sound), rejected, skipped)
        return self._accepted(
            read, accepted, [rejected[row] for row in sorted(rejected)], sorted(skipped, key=lambda row: row.line)
        )

    def _without_repeated(
        self, read: ReadRows, rows: NDArray[np.int64], rejected: dict[int, RejectedRow], skipped: list[SkippedRow]
    ) -> NDArray[np.int64]:
        keys = row_keys(read.keys.take(pa.array(rows)).to_pylist(), read.years[rows], read.quarters[rows])
        lines = read.lines[rows]
        first, same = self._seen.add(keys, row_contents(read.ratios[rows]), lines)
        for place in np.flatnonzero(first != lines).tolist():
            row, line, earlier = int(rows[place]), int(lines[place]), int(first[place])
            name = read.names[row].as_py()
            if same[place]:
                skipped.append(SkippedRow(line, name, SkipCode.DUPLICATE, f"The row repeats line {earlier}."))
            else:
                rejected[row] = _conflict(line, name, int(read.years[row]), int(read.quarters[row]), earlier)
        return np.asarray(rows[first == lines])

    def _require(self, read: ReadRows) -> None:
        """Note rows with amounts that lack one without which no statement can be scored."""
        columns = self._form.header.columns
        some = np.isfinite(read.ratios).any(axis=1)
        for name in STATEMENT.required:
            values = read.ratios[:, [ratio.name for ratio in self._form.inputs].index(name)]
            positive = name in STATEMENT.positive
            lacking = some & (~(values > 0) if positive else np.isnan(values))
            for row in np.flatnonzero(lacking).tolist():
                if all(problem.column != name for problem in read.problems.get(row, ())):
                    message = f"{columns.headings[name]} must be given{' and above zero' if positive else ''}."
                    value = cell_text(read.cells(row)[columns.positions[name]])[:200]
                    read.problems.setdefault(row, []).append(Problem(RejectCode.REQUIRED, name, message, value))

    def _refuse_implausible(self, read: ReadRows) -> None:
        """Note rows of which no reading makes sense."""
        columns = self._form.header.columns
        for row, refused in refusals_of_matrix(self._form.kind, read.ratios):
            heading, position = columns.headings[refused.column], columns.positions[refused.column]
            value = cell_text(read.cells(row)[position])[:200]
            found = Problem(RejectCode.IMPLAUSIBLE, refused.column, f"{heading}: {refused.message}", value)
            read.problems.setdefault(row, []).append(found)

    def _refuse_all(
        self,
        read: ReadRows,
        rows: NDArray[np.int64],
        has_values: NDArray[np.bool_],
        rejected: dict[int, RejectedRow],
        skipped: list[SkippedRow],
    ) -> None:
        following = 0
        for row in rows.tolist():
            if row > following:
                self._release_blanks(skipped)
            following = row + 1
            self._refuse(read, row, bool(has_values[row]), rejected, skipped)
        if len(read.lines) > following:
            self._release_blanks(skipped)

    def _refuse(
        self,
        read: ReadRows,
        row: int,
        has_values: bool,
        rejected: dict[int, RejectedRow],
        skipped: list[SkippedRow],
    ) -> None:
        line, cells = int(read.lines[row]), read.cells(row)
        texts = [text for text in map(cell_text, cells) if text]
        after_gap = self._line_above_gap == line - 1
        if not texts:
            self._line_above_gap = line
            self._held_blanks.append(line)
            if not self._hold_blanks:
                self._release_blanks(skipped)
            return
        has_numbers = has_values or any(
            found.code is not RejectCode.UNPARSEABLE_NUMBER for found in read.problems.get(row, ())
        )
        if (
            is_marked_note(texts[0])
            or is_note(texts, has_period=bool(read.years[row]), has_numbers=has_numbers, after_gap=after_gap)
            or self._repeats_header(cells)
        ):
            self._line_above_gap = line
            skipped.append(
                SkippedRow(line, "", SkipCode.FOOTER, f"The row is a note, not a company: {texts[0][:100]!r}.")
            )
            return
        self._release_blanks(skipped)
        name: str = read.names[row].as_py()
        rejected[row] = RejectedRow(line, name[:MAX_NAME_CHARS], tuple(self._problems(read, row, name, has_values)))

    def _release_blanks(self, skipped: list[SkippedRow]) -> None:
        if self._held_blanks:
            skipped.extend(SkippedRow(line, "", SkipCode.BLANK, "The row is blank.") for line in self._held_blanks)
            self._held_blanks.clear()

    def _repeats_header(self, row: Sequence[Cell]) -> bool:
        columns = self._form.header.columns
        return all(cell_text(row[position]) == columns.headings[name] for name, position in columns.positions.items())

    def _problems(self, read: ReadRows, row: int, name: str, has_values: bool) -> list[Problem]:
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
        if not read.years[row]:
            problems.append(self._period_problem(read.cells(row)))
        if row in read.overlong:
            message = (
                f"The row has more filled cells than the header has columns ({self._form.width}); put quotes around a "
                "text or number that contains the delimiter."
            )
            problems.append(Problem(RejectCode.TOO_MANY_CELLS, None, message, None))
        found = read.problems.get(row, [])
        problems.extend(found)
        if not has_values and not found:
            problems.append(Problem(RejectCode.NO_RATIOS, None, "All ratios are missing; fill them in.", None))
        elif not found:
            values = zip(self._form.inputs, read.ratios[row], strict=True)
            given = [ratio.name for ratio, value in values if not np.isnan(value)]
            advice = LEAST[self._form.kind].advice(self._form.kind, given)
            if advice is not None:
                problems.append(Problem(RejectCode.INSUFFICIENT_INFORMATION, None, advice, None))
        return problems

    def _period_problem(self, row: Sequence[Cell]) -> Problem:
        positions = self._form.header.columns.positions
        filled = [name for name in (FISCAL_YEAR, FISCAL_QUARTER) if name in positions]
        texts = {name: cell_text(row[positions[name]])[:100] for name in filled}
        quarterly = self._form.kind is Kind.QUARTERLY
        sound_year = parse_period(row[positions[FISCAL_YEAR]], None, quarterly=False) if FISCAL_YEAR in texts else None
        column = FISCAL_QUARTER if quarterly and FISCAL_QUARTER in texts and sound_year else filled[0]
        shown = " ".join(text for text in texts.values() if text)
        expected = f"a year from {FIRST_YEAR} to {LAST_YEAR} with four digits, such as 2014"
        if quarterly:
            expected += ", and a quarter from 1 to 4, such as Q4"
        state = f"{shown!r} is not a fiscal period" if shown else "The fiscal period is missing"
        return Problem(RejectCode.BAD_PERIOD, column, f"{state}; write {expected}.", texts[column])

    def _accepted(
        self, read: ReadRows, rows: NDArray[np.int64], rejected: list[RejectedRow], skipped: list[SkippedRow]
    ) -> CleanBlock:
        lines, identities = read.lines[rows], self.identities
        positions = self._form.header.columns.positions
        cells: dict[str, Any] = {
            name: read.column(positions[name], rows) for name in identities.COLUMNS if name in positions
        }
        texts = {name: identities.texts(name, cells.get(name), lines) for name in identities.TEXT_COLUMNS}
        chosen = pa.array(rows)
        return CleanBlock(
            lines=lines,
            companies=read.names.take(chosen),
            company_keys=read.keys.take(chosen),
            symbols=texts["symbol"],
            sectors=texts["sector"],
            external_ids=texts["external_id"],
            currencies=texts["currency"],
            market_caps=identities.market_caps(cells.get("market_cap"), lines),
            fiscal_years=read.years[rows],
            fiscal_quarters=read.quarters[rows],
            ratios=read.ratios[rows],
            rejected=rejected,
            skipped=skipped,
        )


def _sound_names(names: pa.StringArray) -> NDArray[np.bool_]:
    """Which names are neither missing, too long, broken, nor notes."""
    lengths = pc.utf8_length(names).to_numpy()
    sound = (lengths > 0) & (lengths <= MAX_NAME_CHARS)
    for row in pc.indices_nonzero(pc.starts_with(names, NOTE_MARK.strip())).to_pylist():
        sound[row] &= not is_marked_note(names[row].as_py())
    return np.asarray(sound & ~pc.match_substring(names, "\ufffd").to_numpy(zero_copy_only=False))


def _conflict(line: int, name: str, year: int, quarter: int, earlier: int) -> RejectedRow:
    when = f"{year}Q{quarter}" if quarter else str(year)
    message = f"{name} has other values for {when} on line {earlier}; keep the row that is right."
    return RejectedRow(line, name, (Problem(RejectCode.CONFLICT_DUPLICATE, None, message, when),))
