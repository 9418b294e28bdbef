"""A tenant's own master scale: grades from best to worst, by upper bounds of the 1-year probability of default."""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from accunode_common.http.schemas import InputModel, ResponseModel

MOST_GRADES = 50


class GradeIn(InputModel):
    """One grade: probabilities below `upper`, and not below the grade before."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .+_-]{0,15}$")] = Field(examples=["A1"])
    upper: float = Field(gt=0, le=1, description="A fraction; that of the last grade is 1.")
    midpoint: float = Field(ge=0, le=1, description="The probability that stands for the grade, within its bounds.")


class GradeOut(ResponseModel):
    """One grade."""

    name: str
    upper: float
    midpoint: float


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
        examples=[
            [
                {"name": "A", "upper": 0.01, "midpoint": 0.004},
                {"name": "B", "upper": 0.1, "midpoint": 0.03},
                {"name": "C", "upper": 1, "midpoint": 0.3},
            ]
        ],
    ),
    AfterValidator(_is_a_scale),
]
