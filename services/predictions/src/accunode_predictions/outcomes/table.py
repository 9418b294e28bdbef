"""Outcomes from a CSV file."""

import io
from collections.abc import Sequence

from pydantic import ValidationError

from accunode_common.errors import FieldError, UnprocessableInputError
from accunode_common.tabular import Cell, Limits, TabularError, open_table
from accunode_predictions.outcomes.schemas import MOST_ITEMS, OutcomeItem

COLUMNS = frozenset(OutcomeItem.model_fields)
_SYNONYMS = {"company_name": "name", "company": "name", "ticker": "symbol", "default_date": "defaulted_on"}
_LIMITS = Limits(max_bytes=2 * 1024 * 1024, max_rows=MOST_ITEMS + 1, max_columns=50)


def read_outcomes(content: bytes) -> list[OutcomeItem]:
    """The outcomes of a file with a header of `defaulted_on`, `event`, and one of `symbol`, `external_id`, `name`.

    Raises:
        UnprocessableInputError: It is no such file, or a line is wrong; it says which, and why.
    """
    try:
        with open_table(io.BytesIO(content), limits=_LIMITS) as table:
            lines = [(row.line, row.cells) for row in table if any(cell not in (None, "") for cell in row.cells)]
    except TabularError as error:
        raise UnprocessableInputError.at("/body", error.code.value, error.message) from None
    if len(lines) < 2:
        raise UnprocessableInputError.at("/body", "empty", "The file has no line below its header.")
    header = [_column(cell) for cell in lines[0][1]]
    if "defaulted_on" not in header:
        raise UnprocessableInputError.at("/body", "missing_columns", "The file has no column defaulted_on.")
    problems: list[FieldError] = []
    items = [item for line, cells in lines[1:] if (item := _item(line, header, cells, problems)) is not None]
    if problems:
        raise UnprocessableInputError("Lines of the file are wrong; nothing was stored.", errors=problems[:100])
    return items


def _column(cell: Cell) -> str:
    name = str(cell or "").strip().lower().replace(" ", "_")
    return _SYNONYMS.get(name, name)


def _item(line: int, header: Sequence[str], cells: Sequence[Cell], problems: list[FieldError]) -> OutcomeItem | None:
    values = {
        name: str(cell).strip()
        for name, cell in zip(header, cells, strict=False)
        if name in COLUMNS and cell is not None and str(cell).strip()
    }
    try:
        return OutcomeItem.model_validate(values)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            place = "/".join(str(part) for part in problem["loc"])
            problems.append(FieldError(f"/body/{line}/{place}".rstrip("/"), problem["type"], problem["msg"]))
        return None
