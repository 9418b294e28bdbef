"""Model cards in Markdown and HTML from a version's metrics."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from accunode_ml.training.recipe import Recipe
from accunode_scoring.kinds import Kind
from accunode_scoring.ratios import RATIOS
from accunode_scoring.scorer import Scorer

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2733}}
table{{border-collapse:collapse;margin:1rem 0;font-size:.9rem}}
td,th{{padding:.2rem .7rem;border-bottom:1px solid #d5dbe1;text-align:right}}
td:first-child,th:first-child{{text-align:left}}img{{max-width:100%}}
</style></head><body>
{body}</body></html>
"""


def write_card(
    folder: Path,
    recipe: Recipe,
    scorers: Mapping[str, Scorer],
    metrics: Mapping[str, Mapping[str, Any]],
    plots: Mapping[str, Sequence[tuple[str, str]]],
) -> None:
    """Write `kind-version.md` and `.html`; variants are keyed by name, the plain one by an empty string."""
    title = f"{recipe.kind.capitalize()} model {recipe.version}"
    text = "\n\n".join(_sections(title, recipe, scorers, metrics, plots)) + "\n"
    stem = folder / f"{recipe.kind}-{recipe.version}"
    stem.with_name(stem.name + ".md").write_text(text, encoding="utf-8")
    body = MarkdownIt("commonmark").enable("table").render(text)
    stem.with_name(stem.name + ".html").write_text(_PAGE.format(title=title, body=body), encoding="utf-8")


def _sections(
    title: str,
    recipe: Recipe,
    scorers: Mapping[str, Scorer],
    metrics: Mapping[str, Mapping[str, Any]],
    plots: Mapping[str, Sequence[tuple[str, str]]],
) -> Iterable[str]:
    yield f"# {title}"
    yield _note(f"{recipe.kind}-purpose")
    yield (
        "Two families are trained for each horizon, a weight-of-evidence scorecard and LightGBM with at most pairs of "
        "features on a tree's path, and joined by Platt calibration on out-of-time predictions. Both serve as look-up "
        "tables, so every contribution is exact."
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
        "Accounts of companies listed in the United States, fiscal years 1999 to 2014, 65,931 firm-years, licence "
        "CC BY 4.0, repository `sowide/bankruptcy_dataset`. Ratios were derived from the published amounts; firm codes "
        "are hashed. Attribution:"
    )
    yield _note("citations")
    yield (
        "**Label.** A firm-year counts as a default within one year when it is the firm's last fiscal year before it "
        "filed Chapter 7 or 11, within two and three years when the filing follows that or one of the next one or two "
        "fiscal years. Outcomes beyond fiscal 2014 are unknown and left out."
    )
    yield (
        "**Split.** By time only. *Validation*: models and calibration from fiscal years before 2012, measured on "
        "2012-2014. *Rolling origin*: for each year, models from accounts whose outcome was known by then, calibrated "
        "over all of these years together. The model that serves was refitted on all years to 2014 after its "
        "settings were chosen."
    )
    yield _recipe(recipe)
    for variant, document in metrics.items():
        yield from _variant(variant, document, plots[variant])
    yield "## Sensitivity"
    yield (
        "The partial-effect plots show how the probability answers to each input. Turning debt / EBITDA, long-term "
        "debt / capital or the cover negative never lowers it; tests hold this for generated companies."
        if recipe.kind is not Kind.STATEMENT
        else "The partial-effect plots show what each ratio alone does to the probability, averaged over the others."
    )
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


def _recipe(recipe: Recipe) -> str:
    return (
        f"**Training.** {recipe.rounds} rounds at {recipe.learning_rate}, {recipe.leaves} leaves, "
        f"{recipe.leaf_rows} rows per leaf, L2 {recipe.l2:g}, extra-trees splits, {recipe.max_bin} bins, a half-life "
        f"of {recipe.half_life:g} years on weights; light copies (weight {recipe.blanks:g}) with inputs blanked "
        f"at random teach what missing means. Interval: {recipe.bootstraps} bootstraps over firms."
    )


def _variant(variant: str, document: Mapping[str, Any], plots: Sequence[tuple[str, str]]) -> Iterable[str]:
    suffix = f", with a {variant} value" if variant else ""
    yield f"## Results{suffix}"
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
    yield "\n\n".join(f"![{caption}]({name})" for name, caption in plots)


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
