"""Which of a company's predictions is newest: that of the latest fiscal year, and in it of the latest quarter.

A year counts as its fourth quarter. Of several kinds for one period the order is annual, quarterly, statement.

The database keeps the newest of each company and kind by the same order (`NewestPrediction`; see `credit.keep_newest`
in the migrations): ask for it first, and order what several kinds leave.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass

from accunode_credit.models.credit import NewestPrediction, Prediction

_LAST_QUARTER = 4

Predictions = type[Prediction] | AliasedClass[Prediction]


def recency(fiscal_year: int, fiscal_quarter: int | None) -> tuple[int, int]:
    """A period as what grows with time; fiscal years are taken for calendar years."""
    return fiscal_year, fiscal_quarter or _LAST_QUARTER


def by_recency(fiscal_years: NDArray[np.integer], fiscal_quarters: NDArray[np.integer]) -> NDArray[np.intp]:
    """The places of n periods, the newest first and equal ones as they come; quarter 0 where there is none."""
    quarters = np.where(fiscal_quarters == 0, _LAST_QUARTER, fiscal_quarters)
    return np.lexsort((-quarters.astype(int), -fiscal_years.astype(int)))


def newest_first(predictions: Predictions | type[NewestPrediction] = Prediction) -> tuple[ColumnElement[Any], ...]:
    """What a company's predictions are ordered by, the newest first."""
    year, quarter = _period(predictions)
    return year.desc(), quarter.desc(), predictions.kind.asc()


def oldest_first(predictions: Predictions = Prediction) -> tuple[ColumnElement[Any], ...]:
    """What a company's predictions are ordered by, the oldest first."""
    year, quarter = _period(predictions)
    return year.asc(), quarter.asc(), predictions.kind.desc()


def is_newest(predictions: Predictions = Prediction) -> ColumnElement[bool]:
    """Whether a prediction is the newest of its company and kind."""
    return (
        select(NewestPrediction.kind)
        .where(
            NewestPrediction.tenant_id == predictions.tenant_id,
            NewestPrediction.company_id == predictions.company_id,
            NewestPrediction.kind == predictions.kind,
            NewestPrediction.prediction_id == predictions.id,
        )
        .exists()
    )


def is_newest_of_kinds() -> ColumnElement[bool]:
    """Whether the newest prediction of a company and kind is the newest of all its kinds."""
    other = aliased(NewestPrediction)
    (year, quarter), (other_year, other_quarter) = _period(NewestPrediction), _period(other)
    newer_quarter = or_(other_quarter > quarter, and_(other_quarter == quarter, other.kind < NewestPrediction.kind))
    newer = or_(other_year > year, and_(other_year == year, newer_quarter))
    same = (other.tenant_id == NewestPrediction.tenant_id, other.company_id == NewestPrediction.company_id)
    return ~select(other.kind).where(*same, newer).exists()


def _period(predictions: Any) -> tuple[Any, ColumnElement[int]]:
    return predictions.fiscal_year, func.coalesce(predictions.fiscal_quarter, _LAST_QUARTER)
