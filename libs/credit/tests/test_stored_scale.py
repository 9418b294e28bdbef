"""A tenant's master scale, as it is stored."""

from typing import Any

import pytest

from accunode_credit.master_scale import ScaleError, parse
from accunode_scoring import DEFAULT_SCALE

GRADES: list[dict[str, Any]] = [
    {"name": "A", "upper": 0.01, "midpoint": 0.004},
    {"name": "B", "upper": 0.1, "midpoint": 0.03},
    {"name": "C", "upper": 1, "midpoint": 0.3},
]


def test_a_tenant_without_grades_of_its_own_has_the_default_ones() -> None:
    assert parse(None) == parse([]) == DEFAULT_SCALE


def test_a_grade_has_its_own_level_or_that_of_its_mid_point() -> None:
    assert [grade.risk_level for grade in parse(GRADES).grades] == ["LOW", "HIGH", "CRITICAL"]
    own = [{**grade, "risk_level": level} for grade, level in zip(GRADES, ("LOW", "LOW", "MEDIUM"), strict=True)]
    assert [grade.risk_level for grade in parse(own).grades] == ["LOW", "LOW", "MEDIUM"]


def test_a_tenants_own_grades_grade_probabilities() -> None:
    assert [parse(GRADES).grade(pd).name for pd in (0.0, 0.0099, 0.01, 0.1, 1.0)] == ["A", "A", "B", "C", "C"]


@pytest.mark.parametrize(
    ("place", "change", "code", "sentence"),
    [
        (2, {"upper": 0.9}, "last_bound", "The upper bound of the last grade is 1."),
        (1, {"upper": 0.01}, "bounds", "Upper bounds rise from grade to grade."),
        (1, {"name": "A"}, "names", "Each grade has a name of its own."),
        (1, {"midpoint": 0.5}, "midpoint", "The mid-point of B lies outside its bounds."),
        (0, {"risk_level": "CRITICAL"}, "levels", "Risk levels never fall from a grade to the next worse one."),
        (0, {"upper": 0}, "grades", "A master scale has two grades or more, with upper bounds above 0."),
    ],
)
def test_grades_that_are_no_scale_are_refused_with_a_sentence(
    place: int, change: dict[str, Any], code: str, sentence: str
) -> None:
    with pytest.raises(ScaleError) as refused:
        parse([{**grade, **(change if number == place else {})} for number, grade in enumerate(GRADES)])
    assert (refused.value.code, str(refused.value)) == (code, sentence)
