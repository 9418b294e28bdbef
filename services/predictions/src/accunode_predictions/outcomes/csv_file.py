"""Read outcomes from a CSV file."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import Body, Depends
from pydantic import ValidationError

from accunode_common.errors import FieldError, ServiceUnavailableError, UnprocessableInputError
from accunode_common.log import get_logger
from accunode_common.tabular import Cell, Limits, TabularError
from accunode_common.tabular.confined import MEBIBYTE, Allowance, ReaderDiedError
from accunode_common.tabular.rows import Line, read_csv_confined
from accunode_predictions.companies.permissions import CompanyWriter
from accunode_predictions.outcomes.schemas import MOST_ITEMS, OutcomeItem
from accunode_predictions.resources import AppResources
from accunode_scoring.headings import known_headings, meaning

_ALIASES = {"name": ("Company name", "Company"), "symbol": ("Ticker",), "defaulted_on": ("Default date",)}
_HEADINGS = known_headings({column: (column, *_ALIASES.get(column, ())) for column in OutcomeItem.model_fields})
_LIMITS = Limits(max_bytes=MEBIBYTE, max_rows=MOST_ITEMS + 1, max_columns=50)
FILES_AT_ONCE = 2
"""Files that one process of the service reads at the same time."""

_ALLOWANCE = Allowance(cpu_seconds=5, memory_bytes=256 * MEBIBYTE, silence_seconds=20)

_Columns = Sequence[str | None]

logger = get_logger(__name__)


async def _receive(
    app: AppResources,
    _: CompanyWriter,
    content: Annotated[
        bytes,
        Body(
            media_type="text/csv",
            description="The file.",
            examples=["symbol,defaulted_on,event\nNWEC,2024-05-06,bankruptcy\n"],
        ),
    ],
) -> list[OutcomeItem]:
    """The outcomes of a file with a header of `defaulted_on`, `event`, and one of `symbol`, `external_id`, `name`.

    It is read in a process of its own, as nobody knows what a file will cost, and a few at once.

    Raises:
        UnprocessableInputError: It is no such file, or a line is wrong; it says which, and why.
        ServiceUnavailableError: The process died of something else.
    """
    try:
        async with app.file_readers:
            return await asyncio.to_thread(read_outcomes, content)
    except TabularError as error:
        raise UnprocessableInputError.at("/body", error.code.value, error.message) from None
    except ReaderDiedError as error:
        logger.error("reading process failed", reason=str(error))
        raise ServiceUnavailableError("The file could not be read now; send it again.") from None


def read_outcomes(content: bytes) -> list[OutcomeItem]:
    """The outcomes of a file, which is read in a process of its own.

    Raises:
        TabularError: It is no such file.
        UnprocessableInputError: A line is wrong.
        ReaderDiedError: The process died.
    """
    lines = read_csv_confined(content, _LIMITS, _ALLOWANCE)
    return _items([(line, cells) for line, cells in lines if any(cell not in (None, "") for cell in cells)])


ReceivedOutcomes = Annotated[list[OutcomeItem], Depends(_receive)]
"""The outcomes of the request's file. Name it before the session: then it is read before a transaction begins."""


def _items(lines: Sequence[Line]) -> list[OutcomeItem]:
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


def _column(cell: Cell) -> str | None:
    found = meaning(str(cell or ""), _HEADINGS)
    return None if found is None else found[0]


def _item(line: int, header: _Columns, cells: Sequence[Cell], problems: list[FieldError]) -> OutcomeItem | None:
    values = {
        name: str(cell).strip()
        for name, cell in zip(header, cells, strict=False)
        if name is not None and cell is not None and str(cell).strip()
    }
    try:
        return OutcomeItem.model_validate(values)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            place = "/".join(str(part) for part in problem["loc"])
            problems.append(FieldError(f"/body/{line}/{place}".rstrip("/"), problem["type"], problem["msg"]))
        return None
