"""What decisions about the rows of a file and the SQL of them both speak of."""

from typing import NamedTuple

from accunode_credit.models.bulk import RowOutcome


class Issue(NamedTuple):
    """One problem of one row, in the order of the columns that it is copied into."""

    row_number: int
    position: int
    outcome: RowOutcome
    column_name: str | None
    code: str
    message: str
    value: str | None
    company: str | None


class StoredPrediction(NamedTuple):
    """A stored prediction of the company and period that were sought at a place.

    Attributes:
        row_of_job: Which row of the same job stored it; None if it came otherwise.
        is_editable: Whether the submitter may edit it; it is locked then.
    """

    place: int
    id: str
    row_of_job: int | None
    is_editable: bool
