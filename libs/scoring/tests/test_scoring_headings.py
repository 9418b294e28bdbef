"""Column headings, grades and risk levels."""

import math
from bisect import bisect_left, bisect_right

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoring_inputs import champion

from accunode_scoring import (
    DEFAULT_SCALE,
    RATIOS,
    RISK_LEVEL_BOUNDS,
    RISK_LEVELS,
    Grade,
    Kind,
    MasterScale,
    RiskLevel,
    ScaleError,
    match_heading,
    risk_level,
)
from accunode_scoring.published import AGENCIES, IFD_BOUNDS, IFD_CLASSES, ifd_classes


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("LTD/Cap", "long_term_debt_to_total_capital"),
        ("Langfr. Schulden / Gesamtkapital %", "long_term_debt_to_total_capital"),
        ("LT debt / total capital", "long_term_debt_to_total_capital"),
        ("Lev", "total_debt_to_ebitda"),
        ("Debt / EBITDA (x)", "total_debt_to_ebitda"),
        ("Gesamtschulden / EBITDA", "total_debt_to_ebitda"),
        ("NI %", "net_income_margin"),
        ("Nettomarge %", "net_income_margin"),
        ("Int Cov", "ebit_to_interest_expense"),
        ("EBIT / Zinsaufwand", "ebit_to_interest_expense"),
        ("ROA", "return_on_assets"),
        ("Gesamtkapitalrendite %", "return_on_assets"),
        ("  return ON assets (%) ", "return_on_assets"),
        ("\uff32\uff2f\uff21", "return_on_assets"),
        ("EBIT to interest expense (times)", "ebit_to_interest_expense"),
    ],
)
def test_annual_headings_are_known(heading: str, name: str) -> None:
    ratio = match_heading(Kind.ANNUAL, heading)
    assert ratio is not None
    assert ratio.name == name


@pytest.mark.parametrize("heading", ["SG&A margin", "Return on capital", "LT debt/total capital", "Total debt/EBITDA"])
def test_quarterly_headings_are_known(heading: str) -> None:
    assert match_heading(Kind.QUARTERLY, heading) is not None


@pytest.mark.parametrize("heading", ["Analyst", "Rating", "Company", "", "%"])
def test_other_headings_are_not_ratios(heading: str) -> None:
    assert match_heading(Kind.ANNUAL, heading) is None


@pytest.mark.parametrize("kind", list(Kind))
def test_no_heading_names_two_ratios_of_a_kind(kind: Kind) -> None:
    for ratio in RATIOS[kind]:
        for heading in (ratio.name, ratio.label, *ratio.aliases):
            found = match_heading(kind, heading)
            assert found is not None
            assert found.name == ratio.name, heading


@pytest.mark.parametrize("kind", list(Kind))
def test_a_models_columns_are_its_kinds_ratios(kind: Kind) -> None:
    assert champion(kind).columns == tuple(ratio.name for ratio in RATIOS[kind])


@pytest.mark.parametrize(
    ("pd", "level"),
    [(0.0059, RiskLevel.LOW), (0.006, RiskLevel.MEDIUM), (0.02, RiskLevel.HIGH), (0.05, RiskLevel.CRITICAL)],
)
def test_risk_levels_begin_at_their_bounds(pd: float, level: RiskLevel) -> None:
    assert risk_level(pd) is level
    assert DEFAULT_SCALE.grade(pd).risk_level is level
    grades = DEFAULT_SCALE.grade_index(np.array([pd]))
    assert RISK_LEVELS[DEFAULT_SCALE.risk_level_index(grades)[0]] is level


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_never_has_a_better_level(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert list(RiskLevel).index(DEFAULT_SCALE.grade(low).risk_level) <= list(RiskLevel).index(
        DEFAULT_SCALE.grade(high).risk_level
    )
    assert DEFAULT_SCALE.grade(low).risk_level is risk_level(low)


def test_no_agency_names_a_grade_so() -> None:
    theirs = {each.grade for agency in AGENCIES for each in agency.rates}
    modified = {f"{grade}{sign}" for grade in theirs for sign in ("", "+", "-", "1", "2", "3")}
    assert not modified & set(DEFAULT_SCALE.names)
    assert DEFAULT_SCALE.names == tuple(f"AN{number:02}" for number in range(1, 14))


def test_a_grade_stands_beside_the_published_rate_that_is_nearest() -> None:
    midpoint = DEFAULT_SCALE.grades[DEFAULT_SCALE.names.index("AN08")].midpoint
    assert [agency.nearest(midpoint).grade for agency in AGENCIES] == ["B", "Ba"]
    for agency in AGENCIES:
        for each in agency.rates:
            assert each.rate == 0.0 or agency.nearest(each.rate) == each


@given(st.floats(0, 0.99), st.floats(1e-6, 0.5))
def test_the_ifd_classes_of_a_grade_are_those_of_its_bounds(lower: float, width: float) -> None:
    upper = min(1.0, lower + width)
    classes = ifd_classes(lower, upper)
    first, last = bisect_right(IFD_BOUNDS, lower), bisect_left(IFD_BOUNDS, upper)
    assert classes == IFD_CLASSES[first : last + 1]


def test_levels_that_fall_are_no_scale() -> None:
    with pytest.raises(ScaleError) as refused:
        MasterScale((Grade("a", 0.1, 0.05, RiskLevel.HIGH), Grade("b", 1.0, 0.5, RiskLevel.LOW)))
    assert refused.value.code == "levels"


def test_the_default_scale_is_fine_and_fits_the_risk_levels() -> None:
    assert len(DEFAULT_SCALE.grades) >= 10
    assert set(RISK_LEVEL_BOUNDS) <= {grade.upper for grade in DEFAULT_SCALE.grades}
    midpoints = [grade.midpoint for grade in DEFAULT_SCALE.grades]
    assert midpoints == sorted(midpoints)
    pds = np.array([0.0, 0.0005, 0.01, 0.3, 1.0])
    assert [DEFAULT_SCALE.grade(pd).name for pd in pds] == [
        DEFAULT_SCALE.names[i] for i in DEFAULT_SCALE.grade_index(pds)
    ]


def test_a_scale_of_ones_own_grades_the_same_probability() -> None:
    scale = MasterScale((Grade.of("good", 0.01, 0.004), Grade.of("bad", 1.0, 0.1)))
    values = {"return_on_assets": 12.0, "net_income_margin": 10.0, "total_debt_to_ebitda": 0.5}
    assert champion(Kind.ANNUAL).score(values, scale=scale).grade == "good"
    assert champion(Kind.ANNUAL).score(values, scale=scale).risk_level is scale.grades[0].risk_level
    row = [[math.nan, 0.5, 10.0, math.nan, 12.0]]
    assert champion(Kind.ANNUAL).score_matrix(np.array(row), scale=scale).grades == ("good", "bad")


@pytest.mark.parametrize(
    "grades",
    [
        (Grade.of("a", 1.0, 0.5),),
        (Grade.of("a", 0.5, 0.2), Grade.of("b", 0.5, 0.5), Grade.of("c", 1.0, 0.7)),
        (Grade.of("a", 0.1, 0.05), Grade.of("b", 0.9, 0.5)),
        (Grade.of("a", 0.1, 0.05), Grade.of("a", 1.0, 0.5)),
        (Grade.of("a", 0.1, 0.2), Grade.of("b", 1.0, 0.5)),
    ],
)
def test_a_scale_that_makes_no_sense_is_an_error(grades: tuple[Grade, ...]) -> None:
    with pytest.raises(ValueError, match=r"master scale|mid-point|bound|name of its own"):
        MasterScale(grades)
