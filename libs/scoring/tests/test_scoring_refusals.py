"""What can't be scored gets a reason; what can be scored with doubt gets a flag."""

import math

import numpy as np
import pytest
from scoring_inputs import champion

from accunode_scoring import InputRefusedError, Kind, check_matrix, check_values
from accunode_scoring.amounts import AMOUNTS

GOOD = {
    "long_term_debt_to_total_capital": 35.0,
    "total_debt_to_ebitda": 2.5,
    "net_income_margin": 4.0,
    "ebit_to_interest_expense": 5.0,
    "return_on_assets": 3.0,
}


def problems(values: dict[str, object], kind: Kind = Kind.ANNUAL) -> set[tuple[str, str]]:
    with pytest.raises(InputRefusedError) as refused:
        champion(kind).score(values)  # type: ignore[arg-type]
    return {(problem.column, problem.code) for problem in refused.value.problems}


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinity_is_refused(value: float) -> None:
    assert problems({**GOOD, "return_on_assets": value}) == {("return_on_assets", "not_finite")}


@pytest.mark.parametrize("value", [100_000_000, 1e6, -1e6, 1e300])
def test_a_placeholder_is_refused(value: float) -> None:
    assert problems({**GOOD, "total_debt_to_ebitda": value}) == {("total_debt_to_ebitda", "sentinel")}


@pytest.mark.parametrize("value", ["NM", "", True, [1.0]])
def test_what_is_no_number_is_refused(value: object) -> None:
    assert problems({**GOOD, "net_income_margin": value}) == {("net_income_margin", "not_a_number")}


@pytest.mark.parametrize("values", [{}, dict.fromkeys(GOOD), dict.fromkeys(GOOD, math.nan)])
def test_a_row_without_any_ratio_is_refused(values: dict[str, object]) -> None:
    assert problems(values) == {("", "no_ratios")}


def test_an_unknown_column_is_refused() -> None:
    assert problems({**GOOD, "return_on_asset": 1.0}) == {("return_on_asset", "unknown_column")}


def test_every_problem_of_a_row_is_named_at_once() -> None:
    found = problems({**GOOD, "return_on_assets": math.inf, "net_income_margin": 1e7, "total_debt_to_ebitda": "x"})
    assert found == {
        ("return_on_assets", "not_finite"),
        ("net_income_margin", "sentinel"),
        ("total_debt_to_ebitda", "not_a_number"),
    }


def test_a_statement_without_assets_is_refused() -> None:
    required = {amount.name for amount in AMOUNTS if amount.required}
    assert problems({"net_sales_musd": 5.0}, Kind.STATEMENT) == {
        (name, "required") for name in required - {"net_sales_musd"}
    }
    assert ("total_assets_musd", "required") in problems({"total_assets_musd": 0.0}, Kind.STATEMENT)


def test_numpy_numbers_are_numbers() -> None:
    assert champion(Kind.ANNUAL).score({**GOOD, "return_on_assets": np.float32(3.0)}).pd > 0


def test_a_missing_ratio_is_flagged_and_a_stated_reason() -> None:
    for column in GOOD:
        score = champion(Kind.ANNUAL).score({**GOOD, column: None})
        assert f"missing:{column}" in map(str, score.flags)
        reason = next((reason for reason in score.reasons if reason.column == column), None)
        if reason is None:
            # Read as the typical value, which is no reason.
            continue
        assert ".missing.raises" in reason.code
        assert reason.value is None
        assert reason.percentile is None
        assert "is not given" in reason.text


def test_a_value_beyond_the_population_is_flagged() -> None:
    score = champion(Kind.ANNUAL).score({**GOOD, "total_debt_to_ebitda": 5000.0})
    assert [str(flag) for flag in score.flags] == ["out_of_range:total_debt_to_ebitda"]


def test_a_plain_row_has_no_flags() -> None:
    assert champion(Kind.ANNUAL).score(GOOD).flags == ()


def test_reasons_name_value_percentile_and_direction_in_plain_words() -> None:
    reasons = champion(Kind.ANNUAL).score(GOOD).reasons
    assert 2 <= len(reasons) <= 5
    assert [abs(r.contribution) for r in reasons] == sorted((abs(r.contribution) for r in reasons), reverse=True)
    assets = next(reason for reason in reasons if reason.column == "return_on_assets")
    assert assets.percentile is not None
    assert 50 < assets.percentile < 75
    assert assets.direction == "lowers"
    assert assets.text.startswith("Return on assets of 3.0 % is higher than that of ")
    assert assets.text.endswith(f"which {assets.direction} the probability of default.")


def test_checking_a_matrix_names_rows_and_columns() -> None:
    columns = champion(Kind.ANNUAL).columns
    x = np.full((6, 5), 1.0)
    x[1] = np.nan
    x[2, 3] = np.inf
    x[4, 0] = -1e6
    x[5, 1] = np.nan
    found = [(row, problem.column, problem.code) for row, problem in check_matrix(x, columns)]
    assert found == [(1, "", "no_ratios"), (2, columns[3], "not_finite"), (4, columns[0], "sentinel")]


def test_checking_a_row_keeps_the_sign_of_zero() -> None:
    row = check_values({"a": -0.0, "b": 1}, ("a", "b"))
    assert math.copysign(1.0, row[0]) == -1.0
