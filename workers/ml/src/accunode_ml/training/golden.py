"""Golden rows: generated inputs and the scores that this version gave them, replayed by tests ever after."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accunode_scoring.amounts import AMOUNTS, NON_NEGATIVE
from accunode_scoring.checks import InputRefusedError
from accunode_scoring.kinds import Kind
from accunode_scoring.scorer import Scorer

Vector = NDArray[np.float64]

ROWS = 60
_STATES = (np.nan, 0.0, -0.0, -1.0, 100.0, 250.0, -40.0, 999999.0, -999999.0)
_SCORES = ("pd", "pd_2y", "pd_3y", "pd_scorecard", "pd_lightgbm", "pd_low", "pd_high")


def generated_inputs(scorer: Scorer, rows: int, seed: int) -> Vector:
    """Plausible and odd inputs, shape (rows, columns): no row of any data set."""
    random = np.random.default_rng(seed)
    if scorer.kind is Kind.STATEMENT:
        return _statements(random, rows)
    x = np.empty((rows, len(scorer.columns)))
    for place, column in enumerate(scorer.columns):
        quantiles = np.array(scorer.model.reference[column].quantiles)
        x[:, place] = np.interp(random.random(rows), np.linspace(0, 1, len(quantiles)), quantiles)
    odd = random.random(x.shape) < 0.12
    x[odd] = random.choice(_STATES, int(odd.sum()))
    return x.round(4)


def _statements(random: np.random.Generator, rows: int) -> Vector:
    assets = np.exp(random.normal(5.5, 2.0, rows))
    liabilities = assets * np.exp(random.normal(-0.7, 0.5, rows))
    debt = liabilities * np.maximum(random.beta(1, 2, rows) - 0.1, 0.0)
    due = (liabilities - debt) * random.uniform(0.3, 1.0, rows)
    current = assets * random.beta(3, 3, rows)
    sales = assets * np.exp(random.normal(0.0, 0.7, rows))
    goods = sales * random.uniform(0.3, 0.9, rows)
    costs = goods + sales * random.uniform(0.05, 0.5, rows)
    wear = assets * random.uniform(0.0, 0.08, rows)
    income = sales - costs - wear - 0.06 * debt
    stock, owed = current * random.uniform(0, 0.4, rows), current * random.uniform(0, 0.4, rows)
    retained = assets * random.normal(0.0, 0.6, rows)
    market = np.where(random.random(rows) < 0.5, np.nan, assets * np.exp(random.normal(0, 1, rows)))
    lines = [assets, liabilities, debt, current, due, sales, goods, costs, wear, income, stock, owed, retained, market]
    x = np.column_stack(lines).round(3)
    optional = [not amount.required for amount in AMOUNTS]
    x[(random.random(x.shape) < 0.04) & optional] = np.nan
    signed = [amount.name in NON_NEGATIVE for amount in AMOUNTS]
    x[(random.random(x.shape) < 0.01) & signed] *= -1.0
    return x


def golden(scorer: Scorer, seed: int) -> list[dict[str, Any]]:
    """Inputs by column (null where missing), probabilities, reason codes, the model's flags; grades are of a scale."""
    of_the_model = set(scorer.flag_vocabulary)
    entries: list[dict[str, Any]] = []
    for row in generated_inputs(scorer, ROWS, seed).tolist():
        values = {column: None if np.isnan(value) else value for column, value in zip(scorer.columns, row, strict=True)}
        try:
            score = scorer.score(values)
        except InputRefusedError:
            continue
        entries.append(
            {
                "input": values,
                **{name: getattr(score, name) for name in _SCORES},
                "contributions": {c.column: c.log_odds for c in score.contributions},
                "reasons": [reason.code for reason in score.reasons],
                "flags": [flag for flag in map(str, score.flags) if flag in of_the_model],
            }
        )
    return entries
