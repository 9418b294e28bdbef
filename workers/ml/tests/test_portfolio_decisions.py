"""What a rescoring changes and what a stress run compares, without a database."""

from typing import Any
from uuid import UUID

import numpy as np
import pytest

from accunode_ml.leased.model import JobModel
from accunode_ml.portfolio.comparison import MOST_MOVERS, Comparison
from accunode_ml.portfolio.distribution import ScoreDistribution, Scores
from accunode_ml.portfolio.rescoring import MOST_REFUSALS, RescoredBatch, add_to_result
from accunode_ml.portfolio.scenario import Scenario, Shock
from accunode_scoring import DEFAULT_SCALE, Kind, ModelLibrary

NO_FILTERS: dict[str, Any] = {}


@pytest.fixture
def model(models: ModelLibrary) -> JobModel:
    return JobModel(models.champion(Kind.ANNUAL), DEFAULT_SCALE)


def _stored(model: JobModel, number: int, **values: Any) -> dict[str, Any]:
    """A prediction as the model itself would have stored it."""
    ratios = dict(zip(model.scorer.columns, (20.0 + number, 2.0, 5.0, 6.0, 4.0), strict=True))
    score = model.scorer.score(ratios, scale=model.scale)
    stored = {"pd": score.pd, "grade": score.grade, "risk_level": score.risk_level.value, "log_odds_shift": 0.0}
    company = {"company_id": UUID(int=number), "name": f"Company {number}", "symbol": None, "sector": "Energy"}
    period = {"fiscal_year": 2023, "fiscal_quarter": None, "model_version": model.scorer.version}
    return {"id": UUID(int=number), **ratios, **stored, **company, **period, **values}


def test_only_another_version_grade_level_or_shift_is_a_change(model: JobModel) -> None:
    rows = [
        _stored(model, 1),
        _stored(model, 2, model_version="0.9.0"),
        _stored(model, 3, grade="another"),
        _stored(model, 4, return_on_assets=1e9),
        _stored(model, 5, risk_level="another"),
        _stored(model, 6, log_odds_shift=0.5),
    ]
    batch = RescoredBatch.of(rows, model)
    assert batch.changed.tolist() == [False, True, True, False, True, True]
    assert batch.scored.tolist() == [True, True, True, False, True, True]
    assert [refusal["prediction_id"] for refusal in batch.refusals] == [str(UUID(int=4))]
    changes = batch.changes()
    assert changes["id"] == [UUID(int=number) for number in (2, 3, 5, 6)]
    assert changes["grade"] == [_stored(model, number)["grade"] for number in (2, 3, 5, 6)]


def test_a_result_grows_batch_by_batch_and_names_a_bounded_number_of_refusals(model: JobModel) -> None:
    refused = RescoredBatch.of([_stored(model, n, return_on_assets=1e9) for n in range(MOST_REFUSALS)], model)
    one = RescoredBatch.of(
        [_stored(model, 1, model_version="0.9.0"), _stored(model, 2, total_debt_to_ebitda=1e9)], model
    )
    order = model.scale.names
    result = add_to_result(add_to_result(add_to_result({}, refused, order), one, order), one, order)
    assert (result["changed"], result["unchanged"], len(result["refused"])) == (2, 0, MOST_REFUSALS)
    assert result["before"] == result["after"]
    assert result["after"]["count"] == 2
    assert list(result["after"]["grades"]) == list(order)


def test_a_distribution_goes_on_from_what_it_stored() -> None:
    first, second = Scores(np.array([0.1]), ["A"], ["LOW"]), Scores(np.array([0.3]), ["B"], ["HIGH"])
    distribution = ScoreDistribution()
    distribution.add(first)
    again = ScoreDistribution(distribution.as_dict())
    again.add(second)
    stored = again.as_dict(["B", "A", "Z"])
    assert (stored["count"], stored["mean_pd"], stored["expected_defaults"]) == (2, 0.2, 0.4)
    assert stored["grades"] == {"B": 1, "A": 1, "Z": 0}


def test_a_comparison_leaves_out_whom_the_scenario_excludes_and_who_cannot_be_scored_under_it(model: JobModel) -> None:
    scenario = Scenario({"return_on_assets": Shock("add", -3.0)}, {"sectors": ["Energy"]})
    comparison = Comparison(model, scenario)
    rows = [_stored(model, 1), _stored(model, 2, sector="Retail"), _stored(model, 3, net_income_margin=1e9)]
    assert comparison.add(rows) == 1
    assert comparison.add([]) == 0
    result = comparison.result()
    assert (result["before"]["count"], result["after"]["count"]) == (1, 1)
    assert [mover["company_id"] for mover in result["movers"]] == [str(UUID(int=1))]
    assert result["upgraded"] + result["unchanged"] + result["downgraded"] == 1


def test_a_comparison_names_the_largest_changes_of_all_blocks(model: JobModel) -> None:
    comparison = Comparison(model, Scenario({"return_on_assets": Shock("multiply", -1.0)}, NO_FILTERS))
    blocks = [[_stored(model, n, return_on_assets=float(n % 7)) for n in range(start, start + 20)] for start in (0, 20)]
    assert [comparison.add(block) for block in blocks] == [20, 20]
    movers = comparison.result()["movers"]
    changes = [abs(mover["pd_change"]) for mover in movers]
    assert changes == sorted(changes, reverse=True)
    assert len({mover["company_id"] for mover in movers}) == len(movers) == MOST_MOVERS
