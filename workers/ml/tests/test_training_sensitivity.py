"""What a card says of the probability's answer to a move of one value."""

import numpy as np
import pytest

pytest.importorskip("lightgbm")

from accunode_ml.training.golden import generated_inputs
from accunode_ml.training.sensitivity import Sensitivity, sensitivities
from accunode_scoring import Kind, ModelLibrary

FROM_REQUIRED_AMOUNTS = {
    "liabilities_to_assets",
    "total_assets",
    "net_sales",
    "equity",
    "capital_to_debt",
    "net_income_margin",
    "return_on_assets",
    "operating_expenses_to_assets",
    "ebitda_to_liabilities",
    "asset_turnover",
    "ebitda_to_debt",
}
ROWS = 2000


@pytest.fixture(scope="module")
def annual() -> dict[str, Sensitivity]:
    """Answers of companies spread over the training population, of which a quarter have no cover."""
    model = ModelLibrary.load().champion(Kind.ANNUAL).model
    random = np.random.default_rng(3)
    inputs = np.column_stack(
        [np.quantile(model.reference[name].quantiles, random.random(ROWS)) for name in model.feature_set.columns]
    )
    inputs[: ROWS // 4, model.feature_set.columns.index("ebit_to_interest_expense")] = np.nan
    return {found.ratio.name: found for found in sensitivities(model, inputs)}


def test_a_better_cover_never_raises_the_probability_and_a_worse_one_never_lowers_it(
    annual: dict[str, Sensitivity],
) -> None:
    cover = annual["ebit_to_interest_expense"]
    assert cover.up is not None
    assert cover.down is not None
    assert (cover.up.rises, cover.up.mean_pd < 1.0) == (0.0, True)
    assert cover.down.mean_pd > 1.0


def test_what_is_missing_or_too_near_to_the_end_does_not_count(annual: dict[str, Sensitivity]) -> None:
    assets, cover = annual["return_on_assets"], annual["ebit_to_interest_expense"]
    assert assets.blank is not None
    assert cover.blank is not None
    assert (assets.blank.rows, cover.blank.rows) == (ROWS, ROWS - ROWS // 4)
    for step in (assets.up, assets.down):
        assert step is not None
        assert step.rows == pytest.approx(0.9 * ROWS, rel=0.03)


def test_every_ratio_of_a_statement_is_moved_and_required_amounts_are_never_blank() -> None:
    scorer = ModelLibrary.load().champion(Kind.STATEMENT)
    found = sensitivities(scorer.model, generated_inputs(scorer, ROWS, 3))
    assert [each.ratio.name for each in found] == list(scorer.explained)
    assert {each.ratio.name for each in found if each.blank is None} == FROM_REQUIRED_AMOUNTS
