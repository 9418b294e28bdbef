"""Monitoring statistics against known values."""

from collections.abc import Iterator

import numpy as np
import pytest
from scoring_inputs import champion

from accunode_scoring import Kind
from accunode_scoring.distributions import beta_cdf, beta_quantile, chi_square_survival
from accunode_scoring.model_file import Reference
from accunode_scoring.monitoring import (
    auc,
    back_test,
    calibration_line,
    drift,
    drift_report,
    grade_tests,
    hosmer_lemeshow,
    jeffreys,
    log_loss,
    stability,
    worst,
)

REFERENCE = champion(Kind.ANNUAL).model.reference


def population(column: str, rows: int) -> np.ndarray:
    quantiles = np.array(REFERENCE[column].quantiles)
    return np.interp(np.random.default_rng(1).random(rows), np.linspace(0, 1, len(quantiles)), quantiles)


def test_the_reference_population_itself_is_stable() -> None:
    found = drift("return_on_assets", population("return_on_assets", 20_000), REFERENCE["return_on_assets"])
    assert found.psi < 0.01
    assert found.stability == "stable"
    assert found.missing_share == 0.0
    assert found.out_of_range_share < 0.02


def test_a_shifted_population_is_found() -> None:
    values = population("return_on_assets", 20_000) - 15.0
    assert drift("return_on_assets", values, REFERENCE["return_on_assets"]).stability == "shifted"


def test_missing_values_are_a_bin_of_their_own() -> None:
    values = population("return_on_assets", 10_000)
    values[:4000] = np.nan
    found = drift("return_on_assets", values, REFERENCE["return_on_assets"])
    assert found.missing_share == 0.4
    assert found.stability == "shifted"
    assert sum(found.shares) == pytest.approx(1.0)


def test_a_report_covers_columns_and_the_score() -> None:
    columns = {
        "return_on_assets": population("return_on_assets", 500),
        "pd": population("pd", 500),
        "other": np.ones(3),
    }
    assert [found.column for found in drift_report(columns, REFERENCE)] == ["return_on_assets", "pd"]


@pytest.mark.parametrize(
    ("psi", "word"), [(0.099, "stable"), (0.10, "shifting"), (0.249, "shifting"), (0.25, "shifted")]
)
def test_thresholds_of_the_stability_index(psi: float, word: str) -> None:
    assert stability(psi, rows=50, p_value=0.0) == word
    assert stability(psi, rows=50, p_value=0.01) == "stable"
    assert stability(psi, rows=49, p_value=0.0) == "too_few"


def samples(column: str, rows: int, count: int) -> Iterator[np.ndarray]:
    quantiles = np.array(REFERENCE[column].quantiles)
    random = np.random.default_rng(2)
    for _ in range(count):
        yield np.interp(random.random(rows), np.linspace(0, 1, len(quantiles)), quantiles)


@pytest.mark.parametrize("rows", [50, 100, 300, 1000])
def test_small_samples_of_the_reference_population_are_seldom_called_shifting(rows: int) -> None:
    found = [drift("pd", values, REFERENCE["pd"]) for values in samples("pd", rows, 1000)]
    assert sum(each.stability != "stable" for each in found) < 35
    indices = np.array([each.psi for each in found])
    assert indices.mean() == pytest.approx(10 / rows, rel=0.25), "the mean of the law, bins less one over rows"


def test_a_shift_is_found_in_a_small_sample_too() -> None:
    values = next(samples("return_on_assets", 50, 1)) - 15.0
    found = drift("return_on_assets", values, REFERENCE["return_on_assets"])
    assert found.stability == "shifted"
    assert found.p_value < 1e-6


def test_an_empty_bin_of_a_small_sample_counts_as_half_a_row() -> None:
    reference = Reference((), (0.0,), (0.5, 0.5, 0.0), -1.0, 1.0)
    small = drift("ratio", np.full(100, -0.5), reference)
    assert small.psi == pytest.approx(0.5 * np.log(2) + (0.5 - 0.005) * np.log(0.5 / 0.005))
    large = drift("ratio", np.full(10_000, -0.5), reference)
    assert large.psi == pytest.approx(0.5 * np.log(2) + (0.5 - 1e-4) * np.log(0.5 / 1e-4))


def test_the_columns_of_a_report_share_what_is_left_to_chance() -> None:
    columns = {"return_on_assets": population("return_on_assets", 50), "pd": population("pd", 50)}
    between = stability(0.3, 50, 0.007), stability(0.3, 50, 0.007, 0.01 / len(columns))
    assert between == ("shifted", "stable")
    assert worst(drift_report(columns, REFERENCE)) == "stable"


def test_auc_counts_ties_half() -> None:
    assert auc(np.array([0.1, 0.2, 0.2, 0.4]), np.array([0, 0, 1, 1])) == pytest.approx(0.875)
    assert auc(np.array([0.1, 0.2]), np.array([0, 0])) is None


def test_log_loss_of_a_coin() -> None:
    assert log_loss(np.array([0.5, 0.5]), np.array([1, 0])) == pytest.approx(np.log(2))


def test_jeffreys_test_says_when_a_probability_is_too_low() -> None:
    assert jeffreys(1000, 30, 0.01) < 0.001
    assert jeffreys(1000, 10, 0.01) == pytest.approx(0.5, abs=0.1)
    assert jeffreys(1000, 2, 0.01) > 0.99


def test_beta_and_chi_square_agree_with_tables() -> None:
    assert beta_cdf(0.5, 2.0, 2.0) == pytest.approx(0.5, abs=1e-12)
    assert beta_cdf(0.3, 1.0, 1.0) == pytest.approx(0.3, abs=1e-12)
    assert beta_cdf(beta_quantile(0.975, 3.5, 497.5), 3.5, 497.5) == pytest.approx(0.975, abs=1e-8)
    assert chi_square_survival(18.307, 10) == pytest.approx(0.05, abs=1e-5)
    assert chi_square_survival(3.841459, 1) == pytest.approx(0.05, abs=1e-6)
    assert chi_square_survival(0.0, 4) == 1.0


def test_a_well_calibrated_portfolio_passes() -> None:
    random = np.random.default_rng(4)
    pd = 1 / (1 + np.exp(-random.normal(-4, 1.2, 40_000)))
    default = (random.random(40_000) < pd).astype(float)
    found = back_test(pd, default)
    assert found.ratio == pytest.approx(1.0, abs=0.1)
    assert found.hosmer_lemeshow is not None
    assert found.hosmer_lemeshow.p_value > 0.01
    assert sum(grade.companies for grade in found.grades) == 40_000
    intercept, slope = calibration_line(pd, default)
    assert slope == pytest.approx(1.0, abs=0.08)
    assert intercept == pytest.approx(0.0, abs=0.3)


def test_probabilities_that_are_half_of_the_truth_fail() -> None:
    random = np.random.default_rng(4)
    pd = np.full(20_000, 0.015)
    default = (random.random(20_000) < 0.03).astype(float)
    assert [grade.passed for grade in grade_tests(pd, default)] == [False]
    result = hosmer_lemeshow(pd, default)
    assert result is not None
    assert result.p_value < 1e-6


def test_no_outcomes_are_an_error() -> None:
    with pytest.raises(ValueError, match="outcomes"):
        back_test(np.empty(0), np.empty(0))
