"""What becomes of a chunk's rows, and which company each means, decided without a database."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from accunode_credit.models.bulk import OnConflict, RowOutcome
from accunode_ml.bulk.companies import Obligors, describe
from accunode_ml.bulk.decisions import Decisions, Fate
from accunode_ml.rows import StoredPrediction

_TYPES = {
    "row_number": pa.int32(),
    "fiscal_year": pa.int16(),
    "fiscal_quarter": pa.int8(),
    "market_cap": pa.float64(),
    **dict.fromkeys(("name", "name_key", "symbol", "external_id", "sector", "currency"), pa.string()),
}


def _rows(*rows: dict[str, Any]) -> pa.Table:
    """A chunk of rows of 2023; the first is the file's second line, as files have a heading."""
    whole = [{"row_number": place + 2, "fiscal_year": 2023, **row} for place, row in enumerate(rows)]
    for row in whole:
        row.setdefault("name_key", row["name"].casefold())
    return pa.table({name: pa.array([row.get(name) for row in whole], kind) for name, kind in _TYPES.items()})


def _told(decisions: Decisions) -> list[tuple[int, str, str]]:
    return [(issue.row_number, issue.code, issue.message) for issue in decisions.issues]


def test_of_rows_about_one_company_and_period_the_first_stands() -> None:
    names = ("Acme", "Acme Ltd", "Acme", "Other")
    decisions = Decisions(
        _rows(*({"name": name, "fiscal_year": 2023 + (place == 2)} for place, name in enumerate(names)))
    )
    decisions.refuse_repeats(np.array([0, 0, 0, 1]))
    assert decisions.open().tolist() == [0, 2, 3]
    assert _told(decisions) == [(3, "conflict_duplicate", "Row 2 is about the same company and period.")]


def test_quarters_of_one_year_are_no_repeats() -> None:
    decisions = Decisions(_rows(*({"name": "Acme", "fiscal_quarter": quarter} for quarter in (1, 2, 4, 2))))
    decisions.refuse_repeats(np.zeros(4, dtype=np.int64))
    assert _told(decisions) == [(5, "conflict_duplicate", "Row 3 is about the same company and period.")]


def test_a_company_without_a_number_of_its_own_has_no_year_of_another() -> None:
    """Unknown companies have numbers below 0; year and quarter of one are never those of the next."""
    decisions = Decisions(_rows({"name": "A", "fiscal_quarter": 4}, {"name": "B", "fiscal_year": 2100}, {"name": "C"}))
    decisions.refuse_repeats(np.array([-1, -2, -3]))
    assert decisions.open().tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("mode", "is_editable", "outcome", "told"),
    [
        (OnConflict.SKIP, False, RowOutcome.SKIPPED, ("already_stored", "Acme is stored for 2023Q3 already.")),
        (OnConflict.ERROR, False, RowOutcome.REJECTED, ("already_stored", "Acme is stored for 2023Q3 already.")),
        (
            OnConflict.UPDATE,
            False,
            RowOutcome.REJECTED,
            ("not_editable", "Acme is stored for 2023Q3 already and belongs to somebody else."),
        ),
    ],
)
def test_a_row_that_may_not_replace_what_is_stored_is_told_why(
    mode: OnConflict, is_editable: bool, outcome: RowOutcome, told: tuple[str, str]
) -> None:
    decisions = Decisions(_rows({"name": "Acme", "fiscal_quarter": 3}, {"name": "Other"}))
    decisions.meet([StoredPrediction(0, "stored", None, is_editable)], mode)
    assert _told(decisions) == [(2, *told)]
    assert (decisions.count(outcome), decisions.open().tolist()) == (1, [1])


def test_an_editable_prediction_is_replaced_under_its_id() -> None:
    decisions = Decisions(_rows({"name": "Acme"}, {"name": "Other"}))
    decisions.meet([StoredPrediction(1, "stored", None, True)], OnConflict.UPDATE)
    assert decisions.fates.tolist() == [Fate.OPEN, Fate.REPLACES]
    assert (decisions.ids.tolist(), decisions.issues) == ([None, "stored"], [])


@pytest.mark.parametrize("mode", OnConflict)
def test_what_the_same_job_stored_already_is_a_repeat_in_every_mode(mode: OnConflict) -> None:
    decisions = Decisions(_rows({"name": "Acme"}))
    decisions.meet([StoredPrediction(0, "stored", 77, True)], mode)
    assert _told(decisions) == [(2, "conflict_duplicate", "Row 77 is about the same company and period.")]


def test_what_cannot_be_stored_and_is_not_seen_is_somebody_elses() -> None:
    decisions = Decisions(_rows({"name": "Acme"}, {"name": "Other"}))
    decisions.add(decisions.places_of({3}))
    decisions.refuse_open()
    assert decisions.stored().tolist() == [False, True]
    assert [code for _, code, _ in _told(decisions)] == ["not_editable"]


def test_a_symbol_decides_before_a_name() -> None:
    rows = _rows(
        {"name": "Old", "symbol": "X"}, {"name": "Old"}, {"name": "New", "symbol": "Y"}, {"name": "Old", "symbol": "Y"}
    )
    obligors = Obligors(rows)
    assert len(set(obligors.numbers().tolist())) == 2
    obligors.learn("symbol", np.array([1]), pa.array(["of the symbol"]))
    obligors.learn("name_key", np.array([0]), pa.array(["of the name"]))
    assert obligors.ids_of(obligors.numbers()).to_pylist() == [
        "of the name",
        "of the name",
        "of the symbol",
        "of the symbol",
    ]


def test_only_what_names_unknown_companies_is_sought() -> None:
    obligors = Obligors(_rows({"name": "Known", "symbol": "X"}, {"name": "Unknown"}))
    obligors.learn("symbol", np.array([0]), pa.array(["known"]))
    assert [obligors.sought(name)[1].to_pylist() for name in ("symbol", "name_key")] == [[], ["unknown"]]


def test_companies_that_were_added_are_known_by_symbol_and_name_and_are_new() -> None:
    obligors = Obligors(
        _rows({"name": "One", "symbol": "X"}, {"name": "One"}, {"name": "Other", "symbol": "X"}, {"name": "Old"})
    )
    obligors.learn("name_key", np.array([2]), pa.array(["old"]))
    added = pa.table({"id": ["new"], "name_key": ["one"], "symbol": ["X"]})
    obligors.propose(added)
    obligors.learn_added(added)
    assert obligors.ids_of(obligors.numbers()).to_pylist() == ["new", "new", "new", "old"]
    assert obligors.are_new().tolist() == [True, True, True, False]


def test_a_company_that_somebody_else_added_first_is_not_new() -> None:
    obligors = Obligors(_rows({"name": "One"}, {"name": "Other"}))
    obligors.propose(pa.table({"id": ["ours", "never added"]}))
    obligors.learn("name_key", np.array([0, 1]), pa.array(["ours", "theirs"]))
    assert obligors.are_new().tolist() == [True, False]


def test_the_newest_quarter_that_says_something_describes_a_company() -> None:
    rows = _rows(
        {"name": "Acme", "fiscal_quarter": 1, "sector": "Energy", "currency": "EUR"},
        {"name": "ACME", "fiscal_quarter": 3, "sector": "Utilities"},
        {"name": "Acme", "fiscal_year": 2022, "fiscal_quarter": 4, "sector": "Mining", "market_cap": 7.0},
        {"name": "Other", "fiscal_quarter": 4},
    )
    numbers, described = describe(rows, np.arange(4), np.array([5, 5, 5, 2]))
    assert numbers.tolist() == [2, 5]
    assert described.select(["name", "sector", "currency", "market_cap"]).to_pylist() == [
        {"name": "Other", "sector": None, "currency": None, "market_cap": None},
        {"name": "ACME", "sector": "Utilities", "currency": "EUR", "market_cap": 7.0},
    ]


def test_of_rows_of_one_period_the_first_describes_their_company() -> None:
    rows = _rows({"name": "Acme", "sector": "Energy"}, {"name": "Acme", "sector": "Utilities"})
    _, described = describe(rows, np.arange(2), np.zeros(2, dtype=np.int64))
    assert described.column("sector").to_pylist() == ["Energy"]
