"""Which of a company's predictions is newest: that of the latest fiscal year, and in it of the latest quarter.

A year counts as its fourth quarter. Of several kinds for one period the order is annual, quarterly, statement.

The database marks the newest of each company and kind by the same order (`Prediction.is_newest`; see
`credit.keep_newest` in the migrations): ask for the mark first, and order what several kinds leave.
"""

from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm.util import AliasedClass

from accunode_credit.models.credit import Prediction

_LAST_QUARTER = 4

Predictions = type[Prediction] | AliasedClass[Prediction]


def recency(fiscal_year: int, fiscal_quarter: int | None) -> tuple[int, int]:
    """A period as what grows with time; fiscal years are taken for calendar years."""
    return fiscal_year, fiscal_quarter or _LAST_QUARTER


def newest_first(predictions: Predictions = Prediction) -> tuple[ColumnElement[Any], ...]:
    """What a company's predictions are ordered by, the newest first."""
    year, quarter = _period(predictions)
    return year.desc(), quarter.desc(), predictions.kind.asc()


def oldest_first(predictions: Predictions = Prediction) -> tuple[ColumnElement[Any], ...]:
    """The same order backwards."""
    year, quarter = _period(predictions)
    return year.asc(), quarter.asc(), predictions.kind.desc()


def _period(predictions: Predictions) -> tuple[Any, ColumnElement[int]]:
    return predictions.fiscal_year, func.coalesce(predictions.fiscal_quarter, _LAST_QUARTER)
