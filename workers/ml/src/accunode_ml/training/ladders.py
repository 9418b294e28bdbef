"""How the probability climbs with each input, from its best value in the population to its worst."""

from typing import Any

import numpy as np

from accunode_scoring.scorer import Scorer

SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def ladders(scorer: Scorer) -> dict[str, list[dict[str, Any]]]:
    """Of each input: values of the population and the 1-year probability with each, all else typical."""
    completion = scorer.model.completion
    if completion is None:
        return {}
    found: dict[str, list[dict[str, Any]]] = {}
    for place, name in enumerate(scorer.columns):
        quantiles = np.array(scorer.model.reference[name].quantiles)
        values = np.interp(SHARES, np.linspace(0, 1, len(quantiles)), quantiles)
        rows = np.tile(np.array(completion.typical), (len(values), 1))
        rows[:, place] = values
        found[name] = [
            {"share_below": share, "value": float(f"{value:.5g}"), "pd": float(f"{pd:.5g}")}
            for share, value, pd in zip(SHARES, values, scorer.score_matrix(rows).pd, strict=True)
        ]
    return found
