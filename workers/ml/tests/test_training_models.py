"""Training on a small generated portfolio: deterministic, out of time, and equal to what is served."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightgbm")
pytest.importorskip("sklearn")

from accunode_ml.training.booster import with_copies
from accunode_ml.training.calibration import known_by, origins, predict_origin
from accunode_ml.training.curves import curves
from accunode_ml.training.data import Accounts
from accunode_ml.training.export import save, save_curves, version_files
from accunode_ml.training.families import train_families
from accunode_ml.training.pages import write_pages
from accunode_ml.training.pipeline import Trained, steps, train, usable
from accunode_ml.training.recipe import RECIPES, Recipe
from accunode_scoring import Kind, ModelLibrary
from accunode_scoring.monitoring import auc

YEARS = range(2006, 2015)
FIRMS = 260


def portfolio() -> Accounts:
    """Firms whose leverage and losses drive their defaults, over nine fiscal years."""
    random = np.random.default_rng(11)
    firm = np.repeat([f"F{number:04d}" for number in range(FIRMS)], len(YEARS))
    fiscal_year = np.tile(np.array(list(YEARS)), FIRMS)
    health = np.repeat(random.normal(0, 1, FIRMS), len(YEARS)) + random.normal(0, 0.5, len(firm))
    capital = np.clip(40 - 25 * health + random.normal(0, 10, len(firm)), -50, 150)
    columns = {
        "long_term_debt_to_total_capital": np.where(random.random(len(firm)) < 0.2, 0.0, capital),
        "total_debt_to_ebitda": np.clip(2.5 - 2 * health + random.normal(0, 1, len(firm)), -20, 20),
        "net_income_margin": 4 + 6 * health + random.normal(0, 3, len(firm)),
        "ebit_to_interest_expense": np.where(random.random(len(firm)) < 0.3, np.nan, 4 + 5 * health),
        "return_on_assets": 3 + 5 * health + random.normal(0, 2, len(firm)),
    }
    default = (random.random(len(firm)) < 1 / (1 + np.exp(3.0 + 1.8 * health))).astype(float)
    later = {1: default, 2: np.maximum(default, np.roll(default, -1)), 3: np.maximum(default, np.roll(default, -2))}
    for horizon in (2, 3):
        later[horizon] = np.maximum(later[horizon], later[horizon - 1])
        later[horizon][fiscal_year > 2015 - horizon] = np.nan
    return Accounts(columns, firm, fiscal_year, later, later)


def small(recipe: Recipe) -> Recipe:
    return replace(
        recipe, rounds=25, leaf_rows=20, l2=10.0, leaves=8, bootstraps=2, origins=(2009, 2010, 2011, 2012, 2013, 2014)
    )


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return small(next(recipe for recipe in RECIPES if recipe.kind is Kind.ANNUAL))


@pytest.fixture(scope="module")
def done() -> list[str]:
    return []


@pytest.fixture(scope="module")
def trained(recipe: Recipe, done: list[str]) -> Trained:
    return train(recipe, portfolio(), done.append)


def test_the_same_data_give_the_same_files_whatever_the_number_of_processes(recipe: Recipe, trained: Trained) -> None:
    again = train(recipe, portfolio(), lambda _: None, processes=2)
    assert version_files([again]) == version_files([trained])


def test_a_saved_version_serves_what_was_trained(trained: Trained, tmp_path: Path) -> None:
    hashes = save([trained], tmp_path)
    assert set(hashes) >= {"model.json", "lightgbm_1y.txt", "golden.json", "metrics.json"}
    scorer = ModelLibrary.load(tmp_path).champion(Kind.ANNUAL)
    complete = ~np.isnan(trained.accounts.matrix(scorer.columns)).any(axis=1)
    rows = trained.accounts.take(complete)
    log_odds = trained.calibration[1].ensemble.log_odds(*trained.families[1].log_odds(rows))
    served = scorer.score_matrix(rows.matrix(scorer.columns))
    assert np.abs(served.pd - 1 / (1 + np.exp(-log_odds))).max() < 1e-12


def test_a_new_version_becomes_champion_and_the_old_one_retires(trained: Trained, tmp_path: Path) -> None:
    save([trained], tmp_path)
    save([replace(trained, recipe=replace(trained.recipe, version="1.1.0"))], tmp_path)
    statuses = {entry.version: entry.status for entry in ModelLibrary.load(tmp_path).entries()}
    assert statuses == {trained.recipe.version: "retired", "1.1.0": "champion"}


@pytest.fixture(scope="module")
def library(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> ModelLibrary:
    """A library of the one version."""
    folder = tmp_path_factory.mktemp("models")
    save([trained], folder)
    return ModelLibrary.load(folder)


@pytest.fixture(scope="module")
def pages(trained: Trained, library: ModelLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of its card, from its files and what was kept of its predictions."""
    folder = tmp_path_factory.mktemp("cards")
    save_curves([trained], folder / "curves")
    write_pages(library, folder / "curves", folder / "pages")
    return folder / "pages"


def test_the_card_tells_data_split_metrics_limits_and_trials(trained: Trained, pages: Path) -> None:
    text = (pages / f"annual-{trained.recipe.version}.md").read_text()
    for part in (
        f"{len(trained.accounts):,} firm-years of {FIRMS} companies",
        "CC BY 4.0",
        "Future Internet 14(8), 244",
        "Rolling origin",
        "Jeffreys",
        "Hosmer-Lemeshow",
        "RiskCalc v3.1, United States | 0.785",
        "## Sensitivity",
        "## Limits",
    ):
        assert part in text


def test_a_page_shows_the_card_s_five_plots(trained: Trained, pages: Path) -> None:
    page = (pages / f"annual-{trained.recipe.version}.html").read_text()
    assert "<table>" in page
    images = {image.name for image in pages.glob("*.png")}
    assert len(images) == 5
    assert images == set(re.findall(r'<img src="([^"]+)"', page))


def test_a_version_holds_its_card_without_images(trained: Trained, library: ModelLibrary, pages: Path) -> None:
    (entry,) = library.entries()
    card = library.card(Kind.ANNUAL, trained.recipe.version)
    assert "card.md" in entry.files
    assert card is not None
    assert "](" not in card
    assert (pages / f"annual-{trained.recipe.version}.md").read_text().startswith(card)


def test_what_the_plots_show_agrees_with_the_metrics(trained: Trained) -> None:
    metrics = json.loads(version_files([trained])["metrics.json"])["plain"]
    kept = curves(trained.rolling)
    assert set(kept) == {"1y", "2y", "3y"}
    for horizon, curve in kept.items():
        flagged, caught = np.array(curve["roc"]).T
        area = np.trapezoid(caught, flagged)
        assert abs(area - metrics["rolling_origin"][horizon]["ensemble"]["auc"]) < 0.01
        assert (flagged[-1], caught[-1]) == (1.0, 1.0)
        assert len(curve["deciles"]) * 2 == len(curve["twentieths"]) == 20


def test_the_card_says_how_much_each_family_weighs(trained: Trained) -> None:
    card = version_files([trained])["card.md"]
    for horizon, fitted in trained.calibration.items():
        scorecard, lightgbm = (f"{weight:.2f}" if weight else "0" for weight in fitted.ensemble.weights)
        assert f"| {horizon}y | {scorecard} | {lightgbm} |" in card
    alone = {
        horizon: replace(fitted, ensemble=replace(fitted.ensemble, weights=(0.5 if horizon == 2 else 0.0, 1.0)))
        for horizon, fitted in trained.calibration.items()
    }
    card = version_files([replace(trained, calibration=alone)])["card.md"]
    assert "The scorecard has no weight at 1y, 3y" in card


def test_the_card_says_what_a_move_of_each_ratio_does(trained: Trained) -> None:
    lines = version_files([trained])["card.md"].split("## Sensitivity")[1].split("## ")[0].splitlines()
    moved = [line for line in lines if line.count("% rise") == 3]
    assert len(moved) == len(trained.recipe.feature_set.explained)


def test_metrics_cover_validation_rolling_origin_and_years(trained: Trained) -> None:
    metrics = json.loads(version_files([trained])["metrics.json"])["plain"]
    assert set(metrics["validation"]) == {"1y", "2y", "3y"}
    assert metrics["validation"]["1y"]["ensemble"]["auc"] > 0.7
    assert [year["fiscal_year"] for year in metrics["by_year"]["1y"]] == list(range(2009, 2015))
    assert metrics["hosmer_lemeshow"]["groups"] == 10


def test_training_takes_the_announced_steps(recipe: Recipe, trained: Trained, done: list[str]) -> None:
    assert len(done) == steps(trained.recipe) - 3


def test_an_origin_sees_only_outcomes_known_by_then() -> None:
    accounts = portfolio()
    for horizon in (1, 2, 3):
        seen = known_by(accounts, 2012, horizon)
        assert seen.fiscal_year.max() == 2012 - horizon
        assert not np.isnan(seen.labels[horizon]).any()


def test_outcomes_of_an_origin_do_not_change_its_predictions(recipe: Recipe) -> None:
    accounts = portfolio()
    before = predict_origin(accounts, recipe, 2012, 1)
    changed = portfolio()
    changed.labels[1][changed.fiscal_year >= 2012] = 1 - changed.labels[1][changed.fiscal_year >= 2012]
    after = predict_origin(changed, recipe, 2012, 1)
    assert np.array_equal(before.lightgbm, after.lightgbm)
    assert np.array_equal(before.scorecard, after.scorecard)


def test_origins_without_known_outcomes_are_left_out(recipe: Recipe) -> None:
    assert origins(recipe, portfolio(), 1) == [2009, 2010, 2011, 2012, 2013, 2014]
    assert origins(recipe, portfolio(), 3) == [2009, 2010, 2011, 2012]


def test_the_calibrated_level_is_that_of_the_latest_years(recipe: Recipe, trained: Trained) -> None:
    rows, platt = trained.accounts, trained.calibration[1].ensemble
    recent = rows.fiscal_year > rows.fiscal_year.max() - recipe.level_years
    pd = 1 / (1 + np.exp(-platt.log_odds(*trained.families[1].log_odds(rows))))
    assert pd[recent].mean() == pytest.approx(rows.labels[1][recent].mean(), rel=1e-6)
    assert min(platt.weights) >= 0


def test_both_families_learn(recipe: Recipe) -> None:
    accounts = portfolio()
    families = train_families(recipe, known_by(accounts, 2013, 1), 1)
    rows = accounts.take(accounts.fiscal_year >= 2013)
    for raw in families.log_odds(rows):
        found = auc(raw, rows.labels[1])
        assert found is not None
        assert found > 0.7


def test_blanked_copies_keep_a_value(recipe: Recipe) -> None:
    inputs = np.abs(portfolio().matrix(recipe.feature_set.columns))
    n = len(inputs)
    x, label, weight = with_copies(recipe, inputs, np.zeros(n), np.ones(n))
    assert np.array_equal(x[:n], inputs, equal_nan=True)
    assert len(x) == len(label) == len(weight) > n
    assert (~np.isnan(x)).any(axis=1).all()
    assert set(weight[n:].tolist()) == {recipe.blanks}
    assert np.isnan(x[n:]).sum() > np.isnan(inputs).sum()


def test_rows_with_signed_zeros_have_a_copy_without_the_sign(recipe: Recipe) -> None:
    inputs = np.array([[-0.0, 2.0, 1.0, 1.0, 1.0], [0.0, 2.0, 1.0, 1.0, 1.0]])
    x, label, weight = with_copies(replace(recipe, blank_share=0.0), inputs, np.array([1.0, 0.0]), np.ones(2))
    assert np.signbit(x[:, 0]).tolist() == [True, False, False]
    assert (label[2], weight[2]) == (1.0, recipe.unsigned)


def test_rows_that_scoring_would_refuse_are_not_trained_on(recipe: Recipe) -> None:
    accounts = portfolio()
    accounts.columns["net_income_margin"][3] = -3_254_500.0
    for values in accounts.columns.values():
        values[7] = np.nan
    assert len(usable(recipe, accounts)) == len(accounts) - 2


def test_every_shipped_version_can_be_drawn_from_what_is_kept(tmp_path: Path) -> None:
    written = write_pages(ModelLibrary.load(), Path(__file__).resolve().parents[3] / "docs" / "model-cards", tmp_path)
    assert {page.stem for page in written} == {
        "annual-1.0.0",
        "annual-2.0.0",
        "quarterly-1.0.0",
        "quarterly-2.0.0",
        "statement-1.0.0",
    }
    assert len(list(tmp_path.glob("*.png"))) == 30
