"""Predictions in files: what is read of each, and what its columns show.

All but whole numbers is read as text, which most files hold in the end: see `accunode_common.tabular.casts`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, cast

from accunode_common.tabular import Columns, MomentTexts, NumberTexts, OutputColumn
from accunode_credit.columns import INPUTS, WORD_COLUMNS, Predictions, as_text, select_inputs, words_of
from accunode_credit.models.credit import Company, Prediction
from accunode_scoring import PROBABILITIES, Kind

_OF_COMPANY = {"company_name": Company.name, "symbol": Company.symbol, "sector": Company.sector}
_INTEGERS = ("row_number", "fiscal_year", "fiscal_quarter")
_MOMENTS = ("created_at", "updated_at")
_NUMBERS = frozenset({*PROBABILITIES, *(name for names in INPUTS.values() for name in names)})


def output_columns(headings: Iterable[str]) -> tuple[OutputColumn, ...]:
    """The columns of a file. Headings are a prediction's columns, `prediction_id`, and three of its company."""
    return tuple(_output(heading) for heading in headings)


def selected(kind: Kind, headings: Iterable[str], predictions: Predictions = Prediction) -> list[ColumnElement[Any]]:
    """What is selected for the headings, of predictions of a kind joined with their companies."""
    columns: dict[str, Any] = {
        **_OF_COMPANY,
        **{
            name: cast(column, Text)
            for name, column in zip(INPUTS[kind], select_inputs(kind, predictions), strict=True)
        },
        **{name: cast(getattr(predictions, name), Text) for name in (*PROBABILITIES, *_MOMENTS, "company_id")},
        **as_text(predictions),
        "prediction_id": cast(predictions.id, Text),
    }
    return [columns[heading] if heading in columns else getattr(predictions, heading) for heading in headings]


def shown(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> Columns:
    """The columns of a file, of rows as they were selected."""
    return [_shown(heading, cells) for heading, cells in zip(headings, zip(*rows, strict=True), strict=bool(rows))]


def _output(heading: str) -> OutputColumn:
    if heading in _NUMBERS:
        return OutputColumn(heading, "number")
    if heading in _INTEGERS:
        return OutputColumn(heading, "integer")
    return OutputColumn(heading, "timestamp" if heading in _MOMENTS else "text")


def _shown(heading: str, cells: Sequence[Any]) -> Sequence[Any]:
    if heading in _NUMBERS:
        return NumberTexts(cells)
    if heading in _MOMENTS:
        return MomentTexts(cells)
    return list(map(words_of, cells)) if heading in WORD_COLUMNS else cells
