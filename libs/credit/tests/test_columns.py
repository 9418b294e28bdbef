"""What a stored prediction was scored from, what the score is, and what is kept when it is replaced."""

import math
import re

import pytest
from sqlalchemy.dialects import postgresql

from accunode_credit.columns import (
    DECISIVE_COLUMNS,
    INPUT_COLUMNS,
    INPUTS,
    KEPT,
    RATIO_COLUMNS,
    SCORE_COLUMNS,
    SOURCE_COLUMNS,
    input_matrix,
    inputs_of,
    kept_version,
    select_inputs,
    stored_inputs,
    stored_score,
)
from accunode_credit.models.credit import Prediction
from accunode_scoring import PROBABILITIES, Kind, ModelLibrary

AMOUNTS = {
    "total_assets_musd": 850.0,
    "total_liabilities_musd": 510.0,
    "long_term_debt_musd": 240.0,
    "net_sales_musd": 940.0,
    "operating_expenses_musd": 820.0,
    "net_income_musd": 38.0,
}


def given(kind: Kind) -> dict[str, float | None]:
    """Every input of a kind, some of them missing."""
    if kind is Kind.STATEMENT:
        return {name: AMOUNTS.get(name) for name in INPUTS[kind]}
    return {name: None if place == 3 else 4.0 + place for place, name in enumerate(INPUTS[kind])}


def test_every_column_that_is_named_is_one_of_the_table() -> None:
    named = {*INPUT_COLUMNS, *SCORE_COLUMNS, *SOURCE_COLUMNS, *DECISIVE_COLUMNS}
    assert named <= set(Prediction.__table__.columns.keys())


@pytest.mark.parametrize("kind", Kind)
def test_what_was_scored_is_read_as_it_was_stored(kind: Kind) -> None:
    assert inputs_of(Prediction(kind=kind, **stored_inputs(kind, given(kind)))) == given(kind)


@pytest.mark.parametrize("kind", Kind)
def test_a_statement_selects_what_was_scored_by_name(kind: Kind) -> None:
    assert tuple(column.key for column in select_inputs(kind)) == INPUTS[kind]


def test_a_statement_is_stored_with_the_ratios_that_follow_from_it() -> None:
    stored = stored_inputs(Kind.STATEMENT, given(Kind.STATEMENT))
    assert set(stored) == set(INPUT_COLUMNS)
    assert stored["amounts"] == AMOUNTS
    assert stored["return_on_assets"] == pytest.approx(100 * 38 / 850)
    assert stored["sga_margin"] is None


@pytest.mark.parametrize("kind", Kind)
def test_a_score_fills_the_columns_of_a_score(kind: Kind) -> None:
    score = ModelLibrary.load().champion(kind).score(given(kind))
    stored = stored_score(score)
    assert set(stored) == set(SCORE_COLUMNS)
    assert [stored[name] for name in PROBABILITIES] == [getattr(score, name) for name in PROBABILITIES]
    prediction = Prediction(reason_numbers=stored["reason_numbers"], flag_numbers=stored["flag_numbers"])
    assert prediction.reason_codes == [reason.code for reason in score.reasons[:4]]
    assert prediction.flags == [str(flag) for flag in score.flags] != []


def test_words_count_where_a_row_has_them() -> None:
    words = Prediction(reason_words=["a.value.raises"], flag_words=[], reason_numbers=[1, 2, 3, 4], flag_numbers=[171])
    assert (words.reason_codes, words.flags) == (["a.value.raises"], [])


@pytest.mark.parametrize("kind", Kind)
def test_an_earlier_version_keeps_all_inputs_and_the_score_with_its_source_and_time(kind: Kind) -> None:
    text = str(
        kept_version(kind).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    )
    inner, outer = re.fullmatch(r"jsonb_build_object\('ratios', jsonb_build_object\((.*)\), ('pd'.*)\)", text).groups()  # type: ignore[union-attr]
    assert tuple(re.findall(r"(?:^|, )'(\w+)', ", inner)) == INPUTS[kind]
    assert tuple(re.findall(r"(?:^|, )'(\w+)', ", outer)) == KEPT[1:]


def test_a_matrix_has_the_columns_that_are_asked_for_and_nan_where_a_value_is_missing() -> None:
    matrix = input_matrix([{"a": 1.0, "b": None}, {"b": 2.0, "c": 3.0}], ["b", "a"])
    assert [[None if math.isnan(value) else value for value in row] for row in matrix.tolist()] == [
        [None, 1.0],
        [2.0, None],
    ]


def test_stored_predictions_have_room_for_the_ratios_of_both_kinds() -> None:
    assert set(RATIO_COLUMNS) == {*INPUTS[Kind.ANNUAL], *INPUTS[Kind.QUARTERLY]}
