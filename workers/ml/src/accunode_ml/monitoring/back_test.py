"""Back-tests: what was said of companies at the time, against what became of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from accunode_ml.monitoring.observed import one_year_outcomes, period_end
from accunode_ml.repositories.given_scores import GivenScore, GivenScores
from accunode_ml.repositories.outcomes import Defaults
from accunode_scoring import MasterScale
from accunode_scoring.monitoring import back_test


def at_observation(scores: Sequence[GivenScore], observed_on: date) -> GivenScore:
    """The score that stood at the end of a day, or the first one ever where none was given yet; the earliest first.

    Accounts are published after their period's end, so most are first scored then: what was said first counts, however
    the inputs were restated or scored again later.
    """
    standing = scores[0]
    for score in scores[1:]:
        if score.given_at.date() <= observed_on:
            standing = score
    return standing


def back_tested(
    given: Sequence[GivenScores], defaults: Defaults, scale: MasterScale, today: date
) -> dict[str, Any] | None:
    """The back-test as a report stores it; None while no default is known, or no year has passed.

    A score that was first given when its year of observation had passed is tested all the same, and counted apart.
    """
    if not defaults:
        return None
    # Of several predictions of a company and period, of which all but one are deleted, the first given one counts.
    given = sorted(given, key=lambda each: each.scores[0].given_at)
    periods = [each.period for each in given]
    indices, outcomes = one_year_outcomes([each.obligor_id for each in given], periods, defaults, today)
    if not len(indices):
        return None
    chosen = [given[index] for index in indices]
    scores = [at_observation(each.scores, period_end(each.period)) for each in chosen]
    late = sum(
        score.given_at.date() > period_end((each.period[0] + 1, each.period[1]))
        for each, score in zip(chosen, scores, strict=True)
    )
    pd = np.array([score.pd for score in scores])
    years = np.array([each.period[0] for each in chosen])
    return {
        **asdict(back_test(pd, outcomes, scale)),
        "scores": {
            "as_given": len(chosen) - late,
            "given_late": late,
            "replaced_since": sum(score is not each.scores[-1] for each, score in zip(chosen, scores, strict=True)),
            "deleted": sum(each.is_deleted for each in chosen),
        },
        "model_versions": [
            {"version": version, "companies": count}
            for version, count in sorted(Counter(score.model_version for score in scores).items())
        ],
        "years": [
            {
                "fiscal_year": int(year),
                "companies": int((years == year).sum()),
                "defaults": int(outcomes[years == year].sum()),
                "mean_pd": float(pd[years == year].mean()),
                "observed_rate": float(outcomes[years == year].mean()),
            }
            for year in sorted(set(years.tolist()))
        ],
    }
