"""The master scale that the caller's tenant is graded on, beside what agencies and the German banks publish."""

from typing import Annotated

from pydantic import Field

from accunode_common.schemas import ResponseModel
from accunode_predictions.schema_fields import GradeName
from accunode_scoring import DEFAULT_SCALE, MasterScale, RiskLevel
from accunode_scoring.published import AGENCIES, IFD_SOURCE, AgencyRates, Source, ifd_classes

AgencyGrade = Annotated[str, Field(description="A broad grade of the agency.", examples=["BBB"])]
DefaultRate = Annotated[
    float, Field(description="Its published average one-year default rate, a fraction.", examples=[0.0014])
]


class PublishedSource(ResponseModel):
    """Where figures are published."""

    publisher: str = Field(description="Who measured.", examples=["S&P Global Ratings"])
    title: str = Field(description="What was measured, and over which years.", examples=["Average default rates"])
    year: int = Field(description="When it was published.", examples=[2025])
    url: str = Field(description="Where it is to be read.", examples=["https://creditreform.de/ratingmap"])


class PublishedGrade(ResponseModel):
    """A broad grade of an agency."""

    grade: AgencyGrade
    rate: DefaultRate


class Published(ResponseModel):
    """All broad grades of an agency, the best first."""

    agency: str = Field(description="Whose grades they are.", examples=["S&P"])
    source: PublishedSource = Field(description="Where the rates are published.")
    rates: list[PublishedGrade] = Field(description="The grades that the source has a rate for.")


class NearestGrade(ResponseModel):
    """The broad grade whose published rate is nearest to a mid-point, by their ratio."""

    agency: str = Field(description="Whose grade it is.", examples=["S&P"])
    grade: AgencyGrade
    rate: DefaultRate


class ScaleGrade(ResponseModel):
    """One grade of the master scale."""

    name: GradeName
    lower: float = Field(description="Its least 1-year probability of default, a fraction.", examples=[0.0005])
    upper: float = Field(description="Where the next grade begins, a fraction; 1 for the last.", examples=[0.001])
    midpoint: float = Field(description="The probability that stands for it, a fraction.", examples=[0.00071])
    risk_level: RiskLevel = Field(description="The level of its predictions.", examples=["LOW"])
    nearest: list[NearestGrade] = Field(
        description="Of each agency the grade whose published rate is nearest: an order of magnitude, no rating."
    )
    ifd_classes: list[str] = Field(
        description="The German IFD classes that its probabilities lie in, the best first.", examples=[["I"]]
    )


class MasterScaleOut(ResponseModel):
    """The master scale of the caller's tenant."""

    own: bool = Field(description="Whether it is the tenant's own; the default one otherwise.", examples=[False])
    event: str = Field(
        description="What the probabilities count, and how that differs from a default of an agency or of Basel.",
        examples=["Filings for bankruptcy in the United States within a year."],
    )
    grades: list[ScaleGrade] = Field(description="The best first.")
    published: list[Published] = Field(description="What agencies publish, with its source.")
    ifd_source: PublishedSource = Field(description="Where the IFD classes are published.")


EVENT = (
    "Filings for bankruptcy in the United States within a year. A default of Basel (90 days past due, or unlikely to "
    "pay) is several times as frequent, and an agency's counts missed payments and distressed exchanges too."
)


def shown_scale(scale: MasterScale) -> MasterScaleOut:
    """A scale with what is published beside each grade."""
    return MasterScaleOut(
        own=scale != DEFAULT_SCALE,
        event=EVENT,
        grades=[
            ScaleGrade(
                name=grade.name,
                lower=lower,
                upper=grade.upper,
                midpoint=grade.midpoint,
                risk_level=grade.risk_level,
                nearest=[_nearest(agency, grade.midpoint) for agency in AGENCIES] if grade.midpoint > 0.0 else [],
                ifd_classes=list(ifd_classes(lower, grade.upper)),
            )
            for lower, grade in zip(scale.lowers, scale.grades, strict=True)
        ],
        published=[
            Published(
                agency=each.agency,
                source=_source(each.source),
                rates=[PublishedGrade.model_validate(rate) for rate in each.rates],
            )
            for each in AGENCIES
        ],
        ifd_source=_source(IFD_SOURCE),
    )


def _nearest(agency: AgencyRates, pd: float) -> NearestGrade:
    found = agency.nearest(pd)
    return NearestGrade(agency=agency.agency, grade=found.grade, rate=found.rate)


def _source(source: Source) -> PublishedSource:
    return PublishedSource.model_validate(source)
