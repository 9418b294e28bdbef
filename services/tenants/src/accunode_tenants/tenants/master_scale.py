"""A tenant's own master scale: grades from best to worst, by upper bounds of the 1-year probability of default."""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from accunode_common.http.schemas import InputModel, ResponseModel

MOST_GRADES = 50
EXAMPLE = [
    {"name": "A", "upper": 0.01, "midpoint": 0.004},
    {"name": "B", "upper": 0.1, "midpoint": 0.03},
    {"name": "C", "upper": 1, "midpoint": 0.3},
]

GradeName = Annotated[str, Field(description="What the grade is called; no other has the name.", examples=["A1"])]
Upper = Annotated[
    float,
    Field(
        description="The probability of default where the next grade begins, a fraction; that of the last grade is 1.",
        examples=[0.01],
    ),
]
Midpoint = Annotated[
    float,
    Field(description="The probability that stands for the grade, a fraction within its bounds.", examples=[0.004]),
]


class GradeIn(InputModel):
    """One grade: probabilities below `upper`, and not below the grade before."""

    name: Annotated[GradeName, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .+_-]{0,15}$")]
    upper: Upper = Field(gt=0, le=1)
    midpoint: Midpoint = Field(ge=0, le=1)


class GradeOut(ResponseModel):
    """One grade."""

    name: GradeName
    upper: Upper
    midpoint: Midpoint


def _is_a_scale(grades: list[GradeIn]) -> list[GradeIn]:
    if grades[-1].upper != 1.0:
        raise PydanticCustomError("last_bound", "The upper bound of the last grade is 1.")
    if any(better.upper >= worse.upper for better, worse in pairwise(grades)):
        raise PydanticCustomError("bounds", "Upper bounds rise from grade to grade.")
    if len({grade.name for grade in grades}) < len(grades):
        raise PydanticCustomError("names", "Each grade has a name of its own.")
    lower = 0.0
    for grade in grades:
        if not lower <= grade.midpoint <= grade.upper:
            raise PydanticCustomError(
                "midpoint", "The mid-point of {name} lies outside its bounds.", {"name": grade.name}
            )
        lower = grade.upper
    return grades


MasterScaleIn = Annotated[
    list[GradeIn],
    Field(
        min_length=2,
        max_length=MOST_GRADES,
        examples=[EXAMPLE],
    ),
    AfterValidator(_is_a_scale),
]
