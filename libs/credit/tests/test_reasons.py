"""Reasons as clients see them."""

from accunode_credit.columns import INPUTS, stored_inputs
from accunode_credit.examples import UNITS, VALUES, example_of
from accunode_credit.models.credit import Prediction
from accunode_credit.reasons import scored_again, shown
from accunode_scoring import RATIOS, Kind, ModelLibrary

LIBRARY = ModelLibrary.load()


def test_a_stored_prediction_is_explained_by_its_own_inputs_and_version() -> None:
    scorer = LIBRARY.champion(Kind.ANNUAL)
    inputs = {name: example_of(Kind.ANNUAL).get(name) for name in INPUTS[Kind.ANNUAL]}
    made = {"kind": "annual", "model_version": scorer.version, **stored_inputs(Kind.ANNUAL, inputs)}
    score = scored_again(LIBRARY, Prediction(log_odds_shift=1.5, **made))
    assert score is not None
    assert score.pd == scorer.shifted(1.5).score(inputs).pd > scorer.score(inputs).pd
    assert [reason.code for reason in shown(score)] == [reason.code for reason in scorer.score(inputs).reasons]
    assert {reason.ratio for reason in shown(score)} == set(inputs)


def test_without_the_files_of_its_version_a_prediction_has_no_reasons() -> None:
    assert scored_again(LIBRARY, Prediction(kind="annual", model_version="0.0.0")) is None


def test_every_input_has_a_unit_in_words_and_examples_are_of_inputs() -> None:
    ratios = [ratio for kind in Kind for ratio in RATIOS[kind]]
    assert {ratio.unit for ratio in ratios} <= set(UNITS)
    assert set(VALUES) <= {ratio.name for ratio in ratios}
