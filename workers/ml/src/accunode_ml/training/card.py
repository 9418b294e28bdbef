"""Model cards in Markdown from a version's metrics."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np

from accunode_ml.training.calibrated import Calibration
from accunode_ml.training.card_directions import silence_sections
from accunode_ml.training.evaluation import VALIDATION_FROM
from accunode_ml.training.pipeline import Trained
from accunode_ml.training.provenance import Provenance
from accunode_ml.training.recipe import Recipe
from accunode_ml.training.sensitivity import Answer, sensitivities
from accunode_scoring.kinds import Kind
from accunode_scoring.ratios import RATIOS
from accunode_scoring.scorer import Scorer
from accunode_scoring.statement_scorer import StatementScorer

_PUBLISHED = "Moody's KMV RiskCalc v3.1, United States"
_PUBLISHED_AUC = 0.785


def render(
    trained: Sequence[Trained],
    scorers: Mapping[str, Scorer],
    metrics: Mapping[str, Mapping[str, Any]],
    provenance: Provenance | None = None,
) -> str:
    """A version's card in Markdown, without images; variants are keyed by name, the plain one by an empty string."""
    return "\n\n".join(_sections(trained, scorers, metrics, provenance)) + "\n"


def title(kind: str, version: str) -> str:
    """The heading of a version's card."""
    return f"{kind.capitalize()} model {version}"


def with_variant(variant: str) -> str:
    """What a heading says of a variant; nothing of the plain one."""
    return f", with a {variant} value" if variant else ""


def variants(scorer: Scorer) -> dict[str, Scorer]:
    """A version's scorers by variant, the plain one by an empty string."""
    if isinstance(scorer, StatementScorer):
        return {"": scorer.plain, "market": scorer}
    return {"": scorer}


def _sections(
    trained: Sequence[Trained],
    scorers: Mapping[str, Scorer],
    metrics: Mapping[str, Mapping[str, Any]],
    provenance: Provenance | None,
) -> Iterable[str]:
    recipe, accounts = trained[0].recipe, trained[0].accounts
    first, last = accounts.fiscal_year.min(), accounts.fiscal_year.max()
    yield f"# {title(recipe.kind, recipe.version)}"
    yield _note(f"{recipe.kind}-purpose")
    yield (
        "Two families are trained for each horizon, a weight-of-evidence scorecard and LightGBM with at most pairs of "
        "features on a tree's path. The ensemble weighs them by logistic regression on out-of-time predictions; its "
        "weights are below, and a family may get none. Both serve as look-up tables, so every contribution is exact."
    )
    if provenance is not None:
        hashes = "; ".join(f"`{name}` {digest}" for name, digest in sorted(provenance.data_sha256.items()))
        yield (
            f"**Made** {provenance.trained_at} by {provenance.code}, seed {recipe.seed}, from data with the SHA-256 "
            f"{hashes}."
        )
    yield "## Inputs"
    yield _inputs(recipe.kind)
    if recipe.kind is Kind.STATEMENT:
        yield "From these the product computes the ratios below, which the models see."
        yield _table(
            ("Ratio", "Definition"),
            [(ratio.label, ratio.definition) for ratio in scorers["market"].model.feature_set.explained],
        )
    yield "## Data"
    yield (
        f"Accounts of companies listed in the United States, fiscal years {first} to {last}, licence CC BY 4.0, "
        f"repository `sowide/bankruptcy_dataset`: {len(accounts):,} firm-years of {len(np.unique(accounts.firm)):,} "
        "companies, those whose inputs scoring accepts. Ratios were derived from the published amounts; firm codes are "
        "hashed. Attribution:"
    )
    yield _note("citations")
    yield (
        "**Label.** A firm-year counts as a default within one year when it is the firm's last fiscal year before it "
        "filed Chapter 7 or 11, within two and three years when the filing follows that or one of the next one or two "
        f"fiscal years. Outcomes beyond fiscal {last} are unknown and left out."
    )
    yield (
        "**Split.** By time only. *Validation*: models and calibration from fiscal years before 2012, measured on "
        "2012-2014. *Rolling origin*: for each year, models from accounts whose outcome was known by then, calibrated "
        "over all of these years together. The model that serves was refitted on all years "
        f"to {last} after its settings were chosen."
    )
    yield _training(recipe)
    for one in trained:
        yield from _variant(one, metrics[one.recipe.variant])
    for one in trained:
        yield from silence_sections(one.recipe, scorers[one.recipe.variant], metrics[one.recipe.variant])
    yield "## Beside a published model"
    yield from _published(metrics)
    yield "## Sensitivity"
    yield from _sensitivity(trained, scorers)
    yield "## Limits of use"
    yield _note("limits")
    yield "## What was tried"
    yield "AUC, 1 year, on the rolling origin 2005-2011 unless said otherwise. Gaps below .005 are noise."
    yield _note(f"{recipe.kind}-trials")


def _note(name: str) -> str:
    return (files("accunode_ml.training") / "notes" / f"{name}.md").read_text(encoding="utf-8").strip()


def _inputs(kind: Kind) -> str:
    return _table(
        ("Column", "Unit", "Definition"), [(f"`{ratio.name}`", ratio.unit, ratio.definition) for ratio in RATIOS[kind]]
    )


def _training(recipe: Recipe) -> str:
    return (
        f"**Training.** {recipe.rounds} rounds at {recipe.learning_rate}, {recipe.leaves} leaves, "
        f"{recipe.leaf_rows} rows per leaf, L2 {recipe.l2:g}, extra-trees splits, {recipe.max_bin} bins, a half-life "
        f"of {recipe.half_life:g} years on weights; copies (weight {recipe.blanks:g}) with inputs blanked "
        f"at random teach what missing means, copies (weight {recipe.unsigned:g}) without the sign of zeros what an "
        f"unsigned zero means. Interval: {recipe.bootstraps} bootstraps over firms."
    )


def _variant(trained: Trained, document: Mapping[str, Any]) -> Iterable[str]:
    yield f"## Results{with_variant(trained.recipe.variant)}"
    yield "### Ensemble"
    yield from _ensemble(trained.calibration)
    for name, heading in (("validation", "Validation 2012-2014"), ("rolling_origin", "Rolling origin 2007-2014")):
        yield f"### {heading}"
        yield _table(
            ("Horizon, family", "Rows", "Defaults", "AUC (95 %)", "Log-loss", "Slope", "Mean PD / rate"),
            [
                (
                    f"{horizon} {family}",
                    f"{m['rows']:,}",
                    m["defaults"],
                    f"{m['auc']:.3f} ({m['auc_low']:.3f}-{m['auc_high']:.3f})",
                    f"{m['log_loss']:.4f}",
                    f"{m['calibration_slope']:.2f}",
                    f"{m['mean_pd_to_rate']:.2f}",
                )
                for horizon, families in document[name].items()
                for family, m in families.items()
            ],
        )
    yield "### By year (1 year, rolling origin)"
    yield _table(
        ("Fiscal year", "Rows", "Defaults", "AUC", "Mean PD, %", "Observed, %"),
        [
            (
                y["fiscal_year"],
                f"{y['rows']:,}",
                y["defaults"],
                f"{y['auc']:.3f}",
                f"{100 * y['mean_pd']:.2f}",
                f"{100 * y['observed_rate']:.2f}",
            )
            for y in document["by_year"]["1y"]
        ],
    )
    yield "### Jeffreys' test by grade (1 year, validation 2012-2014)"
    yield (
        "The p-value is the probability that the true default rate is at most the mean PD; below 0.05 the grade's "
        "PD is too low."
    )
    yield _table(
        ("Grade", "Companies", "Defaults", "Mean PD, %", "Observed, % (95 %)", "p-value"),
        [
            (
                g["grade"],
                f"{g['companies']:,}",
                g["defaults"],
                f"{100 * g['mean_pd']:.3f}",
                f"{100 * g['observed_rate']:.3f} ({100 * g['low']:.3f}-{100 * g['high']:.3f})",
                f"{g['p_value']:.3f}",
            )
            for g in document["grades_validation"]
        ],
    )
    late, full = document["hosmer_lemeshow_validation"], document["hosmer_lemeshow"]
    yield (
        f"Hosmer-Lemeshow over deciles: {late['statistic']:.1f} on 2012-2014 (p {late['p_value']:.3f}), "
        f"{full['statistic']:.1f} on 2007-2014 (p {full['p_value']:.3f}); the longer period holds the crisis, whose "
        "default rates no through-the-cycle level matches."
    )


def _ensemble(calibration: Mapping[int, Calibration]) -> Iterable[str]:
    weights = {horizon: fitted.ensemble.weights for horizon, fitted in calibration.items()}
    yield (
        "The ensemble's log-odds are a level plus these weights times the log-odds of each family. No weight may be "
        "negative: a family that would get one is left out. Each family's own 1-year probability is reported beside "
        "the ensemble's, whatever its weight."
    )
    yield _table(
        ("Horizon", "Weight of the scorecard", "Weight of LightGBM"),
        [
            (f"{horizon}y", *(f"{weight:.2f}" if weight else "0" for weight in both))
            for horizon, both in weights.items()
        ],
    )
    for place, left, other in ((0, "scorecard", "LightGBM"), (1, "LightGBM model", "the scorecard")):
        alone = [f"{horizon}y" for horizon, both in weights.items() if both[place] == 0.0]
        if alone:
            yield (
                f"**The {left} has no weight at {', '.join(alone)}:** there the ensemble is {other} alone, calibrated."
            )


def _published(metrics: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    ours = [
        (f"This model{with_variant(variant)}, {period}", f"{m['auc']:.3f} ({m['auc_low']:.3f}-{m['auc_high']:.3f})")
        for variant, document in metrics.items()
        for name, period in (("validation", "validation"), ("rolling_origin", "rolling origin"))
        for m in (document[name]["1y"]["ensemble"],)
    ]
    yield _table(("Model", "AUC out of sample, 1 year (95 %)"), [(_PUBLISHED, f"{_PUBLISHED_AUC:.3f}"), *ours])
    yield (
        "Source: Dwyer, D. W., Kocagil, A. E., Stein, R. M. (2004). Moody's KMV RiskCalc v3.1 Model. The figures do "
        "not rank the models: RiskCalc's is for private companies and for defaults in a wider sense than a filing, and "
        "an AUC depends on the companies it is measured on."
    )


def _sensitivity(trained: Sequence[Trained], scorers: Mapping[str, Scorer]) -> Iterable[str]:
    kind = trained[0].recipe.kind
    yield (
        "One value moves, the others stay. *Up* and *down* lead to the value that lies a tenth of the training "
        "population higher or lower; *blank* takes it away. Each cell says what the mean 1-year probability is "
        "multiplied by, and in what share of accounts it rises; of the others, many stay as they are. Accounts without "
        "the value, or nearer than a tenth to the end of the population, do not count. Where a step leads from one "
        "state into another, as from negative to positive capital, both directions can lower the mean."
    )
    yield (
        "A ratio moves here without the amounts that it shares with other ratios; a change of an amount moves several."
        if kind is Kind.STATEMENT
        else "Turning debt / EBITDA, long-term debt / capital or the cover negative never lowers the probability; "
        "tests hold this for generated companies."
    )
    for one in trained:
        recent = one.accounts.take(one.accounts.fiscal_year >= VALIDATION_FROM)
        model = scorers[one.recipe.variant].model
        yield (
            f"Over the {len(recent):,} accounts of fiscal years {VALIDATION_FROM} to {recent.fiscal_year.max()}"
            f"{with_variant(one.recipe.variant)}:"
        )
        yield _table(
            ("Ratio", "Up", "Down", "Blank"),
            [
                (found.ratio.label, *map(_answer, (found.up, found.down, found.blank)))
                for found in sensitivities(model, recent.matrix(model.feature_set.columns))
            ],
        )


def _answer(answer: Answer | None) -> str:
    return "-" if answer is None else f"x {answer.mean_pd:.2f}; {100 * answer.rises:.0f} % rise"


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
