"""What becomes of the rows of a chunk, decided from what the database told of them.

A row is open until it is decided, and its place is where it stands in the chunk. Rows about the same company and
period are duplicates, and the first of a file stands: `accunode_ml.ingest.duplicates` refuses the others by their
names, and here those are refused that turn out to name one company in two ways.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accunode_credit.models.bulk import OnConflict, RowOutcome
from accunode_ml.ingest.model import RejectCode
from accunode_ml.rows import Issue, StoredPrediction

_YEARS, _QUARTERS = 10_000, 5
"""More than there are, so that a company, a year and a quarter make one number."""


class Fate(IntEnum):
    """What becomes of a row."""

    OPEN = 0
    ADDED = 1
    REPLACES = 2
    REFUSED = 3


class Refusal(NamedTuple):
    """Why a row is not stored; the message takes its company's name and its period."""

    outcome: RowOutcome
    code: str
    message: str


_STORED = ("already_stored", "{name} is stored for {period} already.")
NOT_EDITABLE = Refusal(
    RowOutcome.REJECTED, "not_editable", "{name} is stored for {period} already and belongs to somebody else."
)
STORED: Mapping[OnConflict, Refusal] = {
    OnConflict.SKIP: Refusal(RowOutcome.SKIPPED, *_STORED),
    OnConflict.ERROR: Refusal(RowOutcome.REJECTED, *_STORED),
    OnConflict.UPDATE: NOT_EDITABLE,
}
"""What a row is told that may not replace the stored prediction of its company and period."""


def periods(rows: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The fiscal year and the quarter of each row, 0 where it has none."""
    year, quarter = rows.column("fiscal_year"), rows.column("fiscal_quarter").fill_null(0)
    return year.to_numpy().astype(np.int64), quarter.to_numpy().astype(np.int64)


class Decisions:
    """What becomes of each row of a chunk.

    Attributes:
        fates: Of each row.
        ids: The prediction that a row replaces, by its id; None for others.
        issues: Why rows are not stored.
    """

    def __init__(self, rows: pa.Table) -> None:
        self._numbers: NDArray[np.int64] = rows.column("row_number").to_numpy()
        self._names = rows.column("name")
        self._years, self._quarters = periods(rows)
        self.fates = np.full(rows.num_rows, Fate.OPEN)
        self.ids = np.full(rows.num_rows, None, dtype=object)
        self.issues: list[Issue] = []

    def open(self) -> NDArray[np.intp]:
        """The places of the rows that are not decided."""
        return np.flatnonzero(self.fates == Fate.OPEN)

    def stored(self) -> NDArray[np.bool_]:
        """Whether each row is stored, as a new prediction or instead of another."""
        return np.isin(self.fates, (Fate.ADDED, Fate.REPLACES))

    def refuse_repeats(self, companies: NDArray[np.int64]) -> None:
        """Refuse rows about the company and period of an earlier one; the companies' numbers tell which those are."""
        keys = (companies * _YEARS + self._years) * _QUARTERS + self._quarters
        _, firsts, groups = np.unique(keys, return_index=True, return_inverse=True)
        first = firsts[groups]
        for place in np.flatnonzero(first != np.arange(len(first))):
            self._refuse_repeat(int(place), int(self._numbers[first[place]]))

    def meet(self, stored: Iterable[StoredPrediction], mode: OnConflict) -> None:
        """Decide the open rows whose company and period are stored: they replace that prediction, or are refused."""
        for prediction in stored:
            if prediction.row_of_job is not None:
                self._refuse_repeat(prediction.place, prediction.row_of_job)
            elif prediction.is_editable and mode is OnConflict.UPDATE:
                self.fates[prediction.place] = Fate.REPLACES
                self.ids[prediction.place] = prediction.id
            else:
                self._refuse(prediction.place, STORED[mode])

    def add(self, places: NDArray[np.intp]) -> None:
        """Rows were added, or would be in a dry run."""
        self.fates[places] = Fate.ADDED

    def refuse_open(self) -> None:
        """Refuse what is still open: what stands in its way is not to be seen, so it is somebody else's."""
        for place in self.open():
            self._refuse(place, NOT_EDITABLE)

    def count(self, outcome: RowOutcome) -> int:
        """How many rows are not stored, with this outcome."""
        return sum(issue.outcome is outcome for issue in self.issues)

    def places_of(self, row_numbers: Iterable[int]) -> NDArray[np.intp]:
        """Where rows of the file stand in the chunk."""
        return np.flatnonzero(np.isin(self._numbers, list(row_numbers)))

    def _refuse_repeat(self, place: int, earlier: int) -> None:
        message = f"Row {earlier} is about the same company and period."
        self._refuse(place, Refusal(RowOutcome.REJECTED, RejectCode.CONFLICT_DUPLICATE, message))

    def _refuse(self, place: int, refusal: Refusal) -> None:
        name, quarter = self._names[place].as_py(), self._quarters[place]
        period = f"{self._years[place]}Q{quarter}" if quarter else str(self._years[place])
        message = refusal.message.format(name=name, period=period)
        self.fates[place] = Fate.REFUSED
        number = int(self._numbers[place])
        self.issues.append(Issue(number, 0, refusal.outcome, None, refusal.code, message, None, name))
