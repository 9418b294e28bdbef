"""The images of a model card, from its curves and its model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accunode_ml.training.curves import Curves
from accunode_scoring.scorer import Scorer

_INK, _ACCENT, _FAINT = "#1b3a5b", "#c2410c", "#9aa5b1"
_STYLE: Any = {"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "accunode"}


def draw(folder: Path, name: str, curves: Mapping[str, Curves], scorer: Scorer) -> list[tuple[str, str]]:
    """Draw all plots into a folder; returns (file name, what it shows)."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn: list[tuple[str, str]] = []
    with mpl.rc_context(_STYLE):
        for what, caption, paint in (
            ("roc", "ROC curves out of time, within 1, 2 and 3 years", _roc),
            ("calibration", "Calibration by twentieths of the score, 1 year, log scale", _calibration),
            ("deciles", "Mean probability and observed rate by decile, 1 year", _deciles),
            ("terms", "Observed default rate within 1, 2 and 3 years against the mean probability, by decile", _terms),
        ):
            figure = Figure(figsize=(4.2, 3.2), layout="constrained")
            paint(figure.add_subplot(), curves)
            drawn.append((_save(figure, folder, f"{name}-{what}.png"), caption))
        drawn.append((_save(_effects(scorer), folder, f"{name}-effects.png"), "Probability as one input moves"))
    return drawn


def _save(figure: Figure, folder: Path, name: str) -> str:
    figure.savefig(folder / name, dpi=90, metadata={"Software": None}, pil_kwargs={"optimize": True})
    return name


def _roc(axes: Axes, curves: Mapping[str, Curves]) -> None:
    for (horizon, curve), colour in zip(curves.items(), (_INK, _ACCENT, _FAINT), strict=True):
        years = int(horizon.removesuffix("y"))
        axes.plot(*zip(*curve["roc"], strict=True), color=colour, label=f"{years} year{'s' if years > 1 else ''}")
    axes.plot([0, 1], [0, 1], color=_FAINT, lw=0.6, ls=":")
    axes.set(xlabel="share of survivors flagged", ylabel="share of defaults caught")
    axes.legend(frameon=False)


def _calibration(axes: Axes, curves: Mapping[str, Curves]) -> None:
    mean, observed = np.array(curves["1y"]["twentieths"]).T
    seen = observed > 0
    axes.loglog(mean[seen], observed[seen], "o", color=_INK, ms=4)
    span = [mean.min(), mean.max()]
    axes.loglog(span, span, color=_ACCENT, lw=0.8)
    axes.set(xlabel="mean probability", ylabel="observed rate")


def _deciles(axes: Axes, curves: Mapping[str, Curves]) -> None:
    mean, observed = 100 * np.array(curves["1y"]["deciles"]).T
    place = np.arange(1, 11)
    axes.bar(place - 0.2, mean, 0.4, color=_INK, label="mean probability")
    axes.bar(place + 0.2, observed, 0.4, color=_ACCENT, label="observed rate")
    axes.set(xlabel="decile of the score", ylabel="%")
    axes.legend(frameon=False)


def _terms(axes: Axes, curves: Mapping[str, Curves]) -> None:
    high = 0.0
    for (horizon, curve), colour in zip(curves.items(), (_INK, _ACCENT, _FAINT), strict=True):
        mean, observed = 100 * np.array(curve["deciles"]).T
        axes.plot(mean, observed, "o-", color=colour, ms=3, lw=0.8, label=f"{horizon[:-1]} y")
        high = max(high, mean.max())
    axes.plot([0, high], [0, high], color=_FAINT, lw=0.6, ls=":")
    axes.set(xlabel="mean probability, %", ylabel="observed rate, %")
    axes.legend(frameon=False)


def _effects(scorer: Scorer) -> Figure:
    """Ensemble probability along each explained input's 5th to 95th percentile, the other tables at their means."""
    references = scorer.model.reference
    names = [feature.name for feature in scorer.model.feature_set.features]
    by_feature = scorer.model.feature_set.explains_features
    shown = list(scorer.explained)[:12]
    rows = -(-len(shown) // 3)
    figure = Figure(figsize=(7.2, 1.9 * rows), layout="constrained")
    median = np.array([references[name].quantiles[100] for name in scorer.explained])
    for place, name in enumerate(shown):
        axes = figure.add_subplot(rows, 3, place + 1)
        grid = np.array(references[name].quantiles)[10:191]
        if by_feature:
            main = scorer.model.engine.main_effect(names.index(name), grid)
            pd: Any = 1.0 / (1.0 + np.exp(-(scorer.model.engine.base + main)))
        else:
            x = np.tile(median, (len(grid), 1))
            x[:, place] = grid
            pd = scorer.score_matrix(x).pd
        axes.step(grid, 100 * pd, color=_INK, lw=1)
        axes.set_title(scorer.model.feature_set.explained[place].label, fontsize=7)
        axes.set_ylabel("PD, %", fontsize=6)
        axes.tick_params(labelsize=6)
    return figure
