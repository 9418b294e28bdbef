"""What a drift report says of a population, given as blocks."""

from datetime import date
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from accunode_ml.monitoring.population import Block
from accunode_ml.monitoring.report import PopulationReport
from accunode_scoring import DEFAULT_SCALE, Kind, ModelLibrary, Scorer
from accunode_scoring.monitoring import drift
from accunode_scoring.statement_scorer import StatementScorer

TODAY = date(2024, 6, 1)

Matrix = NDArray[np.float64]


@pytest.fixture(scope="module")
def annual(models: ModelLibrary) -> Scorer:
    return models.champion(Kind.ANNUAL)


@pytest.fixture(scope="module")
def statement(models: ModelLibrary) -> StatementScorer:
    scorer = models.champion(Kind.STATEMENT)
    assert isinstance(scorer, StatementScorer)
    return scorer


def _block(inputs: Matrix, months: list[str] | None = None) -> Block:
    rows = len(inputs)
    return Block(uuid4(), inputs, months or ["2024-01"] * rows, [uuid4()] * rows, [(2023, None)] * rows)


def _report(scorer: Scorer, *blocks: Block) -> dict[str, Any]:
    report = PopulationReport(scorer, DEFAULT_SCALE)
    for block in blocks:
        report.add(block)
    return report.result([], {}, TODAY)


def _drawn(scorer: Scorer, rows: int, seed: int = 3) -> Matrix:
    """Rows whose every ratio is drawn from its own reference population."""
    random = np.random.default_rng(seed)
    columns = []
    for name in scorer.columns:
        reference = scorer.model.reference[name]
        values = np.interp(random.random(rows), np.linspace(0, 1, len(reference.quantiles)), reference.quantiles)
        columns.append(np.where(random.random(rows) < reference.shares[-1], np.nan, values))
    return np.column_stack(columns)


def _statements(scorer: Scorer, rows: int, with_market: int) -> Matrix:
    """Statements with amounts around a hundred million, the first of them with a market value."""
    inputs = np.random.default_rng(5).lognormal(4.5, 1.0, (rows, len(scorer.columns)))
    inputs[with_market:, scorer.columns.index("market_value_musd")] = np.nan
    return inputs


def _columns(report: dict[str, Any], variant: str) -> dict[str, dict[str, Any]]:
    return {column["column"]: column for column in report["columns"] if column["variant"] == variant}


def test_statements_are_held_against_the_population_of_the_model_that_scores_them(statement: StatementScorer) -> None:
    inputs = _statements(statement, 300, with_market=120)
    report = _report(statement, _block(inputs[:200]), _block(inputs[200:]))
    assert report["variants"] == [{"variant": "plain", "rows": 180}, {"variant": "market", "rows": 120}]
    for variant, scorer, part in (("plain", statement.plain, inputs[120:]), ("market", statement, inputs[:120])):
        columns = _columns(report, variant)
        assert list(columns) == [*scorer.explained, "pd"]
        expected = drift("pd", scorer.score_matrix(part).pd, scorer.model.reference["pd"])
        assert (columns["pd"]["rows"], columns["pd"]["psi"]) == (len(part), pytest.approx(expected.psi))


def test_market_values_that_nobody_gives_decide_no_verdict(statement: StatementScorer) -> None:
    report = _report(statement, _block(_statements(statement, 100, with_market=0)))
    assert report["variants"] == [{"variant": "plain", "rows": 100}, {"variant": "market", "rows": 0}]
    assert {column["variant"] for column in report["columns"]} == {"plain"}
    assert not {column["column"] for column in report["columns"]} & {"market_value", "market_to_book"}


def test_ratios_drawn_from_the_reference_are_stable_although_chance_moves_their_index(annual: Scorer) -> None:
    # Drawn one by one they belong to no real company, so their score may well be another.
    report = _report(annual, _block(_drawn(annual, 60)))
    ratios = [column for column in report["columns"] if column["column"] != "pd"]
    assert [column["stability"] for column in ratios] == ["stable"] * len(annual.columns)
    assert max(column["psi"] for column in ratios) > report["thresholds"]["watch"]


def test_a_month_of_few_rows_has_no_verdict_of_its_own(annual: Scorer) -> None:
    shifted = _drawn(annual, 120) + 40.0
    report = _report(annual, _block(shifted, ["2024-01"] * 100 + ["2024-02"] * 20))
    months = [(month["month"], month["rows"], month["stability"]) for month in report["months"]]
    assert report["stability"] == "shifted"
    assert months == [("2024-01", 100, "shifted"), ("2024-02", 20, "too_few")]
    assert {column["variant"] for column in report["months"][1]["columns"]} == {"plain"}


def test_a_variant_with_few_rows_leaves_the_verdict_to_the_other(statement: StatementScorer) -> None:
    report = _report(statement, _block(_statements(statement, 120, with_market=10)))
    assert {column["stability"] for column in _columns(report, "market").values()} == {"too_few"}
    assert report["stability"] == "shifted"
