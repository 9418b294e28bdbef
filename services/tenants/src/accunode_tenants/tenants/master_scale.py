"""A tenant's own master scale: grades by upper bounds of the 1-year probability of default, each with a risk level."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from accunode_common.schemas import InputModel, ResponseModel
from accunode_credit.master_scale import RiskLevel, ScaleError, parse

MOST_GRADES = 50
EXAMPLE = [
    {"name": "1", "upper": 0.01, "midpoint": 0.004, "risk_level": "LOW"},
    {"name": "2", "upper": 0.1, "midpoint": 0.03, "risk_level": "HIGH"},
    {"name": "3", "upper": 1, "midpoint": 0.3, "risk_level": "CRITICAL"},
]

GradeName = Annotated[str, Field(description="What the grade is called; no other has the name.", examples=["AN01"])]
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
    risk_level: RiskLevel | None = Field(
        default=None,
        description="The level of its predictions; levels never fall from a grade to the next worse one. Left out, it "
        "is that of the mid-point: LOW below 0.6 %, MEDIUM below 2 %, HIGH below 5 %, else CRITICAL.",
        examples=["LOW"],
    )


class GradeOut(ResponseModel):
    """One grade."""

    name: GradeName
    upper: Upper
    midpoint: Midpoint
    risk_level: RiskLevel = Field(description="The level of its predictions.", examples=["LOW"])

    @classmethod
    def stored(cls, grades: Sequence[Mapping[str, Any]] | None) -> "list[GradeOut] | None":
        """A tenant's own grades as they are stored; None where the default ones serve."""
        return [cls.model_validate(grade) for grade in parse(grades).grades] if grades else None


def _is_a_scale(grades: list[GradeIn]) -> list[GradeIn]:
    try:
        scale = parse([grade.model_dump() for grade in grades])
    except ScaleError as fault:
        raise PydanticCustomError(fault.code, str(fault)) from None
    return [GradeIn.model_validate(grade, from_attributes=True) for grade in scale.grades]


MasterScaleIn = Annotated[
    list[GradeIn],
    Field(
        min_length=2,
        max_length=MOST_GRADES,
        examples=[EXAMPLE],
    ),
    AfterValidator(_is_a_scale),
]
