"""A tenant's own master scale: grades from best to worst, by upper bounds of the 1-year probability of default."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from accunode_common.schemas import InputModel, ResponseModel
from accunode_credit.master_scale import ScaleError, parse

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
    try:
        parse([grade.model_dump() for grade in grades])
    except ScaleError as fault:
        raise PydanticCustomError(fault.code, str(fault)) from None
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
