"""Which predictions have an outcome by now, and what it is."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from accunode_credit.newest import recency
from accunode_ml.repositories.outcomes import Defaults

Period = tuple[int, int | None]


def period_end(period: Period) -> date:
    """The last day of a period; fiscal years are taken for calendar years."""
    year, quarter = recency(*period)
    month = 3 * quarter
    return date(year, month, monthrange(year, month)[1])


def one_year_outcomes(
    companies: Sequence[UUID], periods: Sequence[Period], defaults: Defaults, today: date
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Indices of the predictions whose year has passed, and whether their company defaulted in it (1.0) or not (0.0).

    The year begins after the period's last day. A company that had defaulted by then is left out, and of several
    quarters of a fiscal year only the last counts, so that no two years of a company overlap.
    """
    newest: dict[tuple[UUID, int], int] = {}
    for index, (company, (year, quarter)) in enumerate(zip(companies, periods, strict=True)):
        known = newest.get((company, year))
        if known is None or recency(year, quarter) > recency(*periods[known]):
            newest[company, year] = index
    indices: list[int] = []
    outcomes: list[float] = []
    for index in sorted(newest.values()):
        begin = period_end(periods[index])
        end = period_end((begin.year + 1, begin.month // 3))
        dates = defaults.get(companies[index], [])
        if end > today or any(day <= begin for day in dates):
            continue
        indices.append(index)
        outcomes.append(float(any(begin < day <= end for day in dates)))
    return np.array(indices, dtype=np.intp), np.array(outcomes)
