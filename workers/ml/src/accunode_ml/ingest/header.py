"""Where a table's header is: below title lines, and over two lines when groups stand above the headings."""

from collections.abc import Sequence
from dataclasses import dataclass

from accunode_common.tabular import Cell, RowBlock, TabularError, TabularErrorCode
from accunode_ml.ingest.cells import cell_text
from accunode_ml.ingest.columns import (
    COMPANY_NAME,
    FISCAL_QUARTER,
    FISCAL_YEAR,
    ColumnMap,
    headings_of,
    map_columns,
    missing_columns,
    recognise,
    required_inputs,
)
from accunode_ml.ingest.period import parse_period
from accunode_scoring import Kind
from accunode_scoring.headings import Known

_SEARCHED_ROWS = 30
_SAMPLED_PERIODS = 50
HEAD_ROWS = _SEARCHED_ROWS + 1 + _SAMPLED_PERIODS
"""The rows by which a header is judged: as many of each sheet are read until one has a header."""
_UNITS = frozenset(
    {
        "%",
        "x",
        "in %",
        "percent",
        "pct",
        "times",
        "multiple",
        "ratio",
        "year",
        "yyyy",
        "quarter",
        "text",
        "number",
        "musd",
    }
)


@dataclass(frozen=True, slots=True)
class Header:
    """A file's header.

    Attributes:
        columns: Which column stands where.
        headings: All headings, by position.
        lines: The lines it takes.
        next_row: Where the data start in the first block.
    """

    columns: ColumnMap
    headings: tuple[str, ...]
    lines: tuple[int, ...]
    next_row: int


def find_header(block: RowBlock, kind: Kind) -> Header:
    """Find the header among a file's first rows: the one whose headings are best known.

    Raises:
        TabularError: No row has known headings, a needed column is missing, or one stands there twice.
    """
    known = headings_of(kind)
    texts = [[cell_text(cell) for cell in row] for row in block.rows[:_SEARCHED_ROWS]]
    best: tuple[int, int, dict[int, tuple[str, int]], list[str]] | None = None
    for index, headings in enumerate(texts):
        recognised = recognise(headings, known)
        if index and sum(map(bool, texts[index - 1])) > 1:
            headings, recognised = _with_line_above(texts[index - 1], headings, recognised, known)
        score = len({column for column, _ in recognised.values()})
        if score and (best is None or score > best[0]):
            best = (score, index, recognised, headings)
    if best is None:
        raise TabularError(
            TabularErrorCode.NO_HEADER,
            f"None of the first {len(texts)} rows is a header; the first should hold headings such as company_name, "
            f"fiscal_year and {required_inputs(kind)[0].name}.",
        )
    _, index, recognised, headings = best
    columns = map_columns(headings, recognised, kind)
    lines = [block.lines[index]]
    if index and sum(map(bool, texts[index - 1])) > 1:
        lines.insert(0, block.lines[index - 1])
    following = index + 1
    if following < len(texts) and _is_unit_row(texts[following], columns):
        lines.append(block.lines[following])
        following += 1
    missing = _missing(columns, kind, block.rows[following : following + _SAMPLED_PERIODS])
    if missing:
        raise missing_columns(columns, headings, missing, kind)
    return Header(columns, tuple(headings), tuple(lines), following)


def _with_line_above(
    above: Sequence[str],
    headings: Sequence[str],
    recognised: dict[int, tuple[str, int]],
    known: Known,
) -> tuple[list[str], dict[int, tuple[str, int]]]:
    """Headings that only make sense together with the (merged) cell above: `Total debt /` over `EBITDA`."""
    group = ""
    joined: list[str] = []
    for position in range(max(len(headings), len(above))):
        group = (above[position] if position < len(above) else "") or group
        own = headings[position] if position < len(headings) else ""
        joined.append(f"{group} {own}".strip() if own else above[position] if position < len(above) else "")
    taken = {column for column, _ in recognised.values()}
    together = {
        position: match
        for position, match in recognise(joined, known).items()
        if position not in recognised and match[0] not in taken
    }
    names = [*headings, *[""] * (len(joined) - len(headings))]
    for position in together:
        names[position] = joined[position]
    return names, {**recognised, **together}


def _is_unit_row(texts: Sequence[str], columns: ColumnMap) -> bool:
    filled = [text.casefold().strip("()[] ") for text in texts if text]
    name_at = columns.positions.get(COMPANY_NAME)
    units = [text for text in filled if text in _UNITS]
    named = name_at is not None and name_at < len(texts) and texts[name_at] and texts[name_at].casefold() not in _UNITS
    return len(units) > 1 and len(units) == len(filled) and not named


def _missing(columns: ColumnMap, kind: Kind, sample: Sequence[Sequence[Cell]]) -> list[str]:
    needed = [COMPANY_NAME, FISCAL_YEAR]
    if kind is Kind.QUARTERLY:
        needed.append(FISCAL_QUARTER)
    needed += [ratio.name for ratio in required_inputs(kind)]
    missing = [column for column in needed if column not in columns.positions]
    if kind is Kind.QUARTERLY and (FISCAL_YEAR in missing) != (FISCAL_QUARTER in missing):
        position = columns.positions[FISCAL_QUARTER if FISCAL_YEAR in missing else FISCAL_YEAR]
        cells = [row[position] for row in sample if position < len(row)]
        if any(parse_period(cell, None, quarterly=True) for cell in cells):
            missing = [column for column in missing if column not in {FISCAL_YEAR, FISCAL_QUARTER}]
    return missing
