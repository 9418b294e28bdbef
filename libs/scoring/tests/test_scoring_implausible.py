"""Accounts of which no reading makes sense are named, and sound or merely odd ones are not."""

import numpy as np
import pytest
from test_scoring_plausibility import SOUND

from accunode_scoring import Kind
from accunode_scoring.implausible import refusals_of_matrix

REFUSED: list[tuple[Kind, str, dict[str, float]]] = [
    (Kind.ANNUAL, "return_on_assets", {"net_income_margin": 20.0, "return_on_assets": -20.0}),
    (Kind.ANNUAL, "return_on_assets", {"net_income_margin": -20.0, "return_on_assets": 20.0}),
    (Kind.STATEMENT, "current_assets_musd", {"current_assets_musd": 1501.0}),
    (Kind.STATEMENT, "net_sales_musd", {"net_sales_musd": -1.0}),
    (Kind.STATEMENT, "total_assets_musd", {"total_assets_musd": 1e7}),
    (Kind.STATEMENT, "total_assets_musd", {"net_sales_musd": 1e7}),
]
SCORED: list[tuple[Kind, dict[str, float]]] = [
    *((kind, {}) for kind in SOUND),
    (Kind.ANNUAL, {"return_on_assets": -10.0}),
    (Kind.ANNUAL, {"net_income_margin": 20.0, "return_on_assets": np.nan}),
    (Kind.STATEMENT, {"current_assets_musd": 1500.0}),
    (Kind.STATEMENT, {"net_sales_musd": 0.0}),
    (Kind.STATEMENT, {"total_assets_musd": 9.9e6}),
]


def refused(kind: Kind, changed: dict[str, float]) -> list[tuple[int, str, str]]:
    rows = np.array([list(SOUND[kind].values()), list({**SOUND[kind], **changed}.values())])
    return [(row, problem.column, problem.code) for row, problem in refusals_of_matrix(kind, rows)]


@pytest.mark.parametrize(("kind", "column", "changed"), REFUSED)
def test_what_makes_no_sense_is_refused_at_its_column(kind: Kind, column: str, changed: dict[str, float]) -> None:
    assert refused(kind, changed) == [(1, column, "implausible")]


@pytest.mark.parametrize(("kind", "changed"), SCORED)
def test_what_is_sound_or_odd_is_scored(kind: Kind, changed: dict[str, float]) -> None:
    assert refused(kind, changed) == []
