"""A reason as clients see it, and the score of a stored prediction that has them."""

from pydantic import BaseModel, ConfigDict, Field

from accunode_credit.columns import inputs_of
from accunode_credit.examples import REASON
from accunode_credit.models.credit import Prediction
from accunode_scoring import ModelLibrary, Score, UnknownModelError


class ReasonOut(BaseModel):
    """Why the probability is what it is."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(description="`ratio.state.direction`, stable.", examples=["return_on_assets.value.lowers"])
    ratio: str = Field(description="The ratio's column name.", examples=["return_on_assets"])
    value: float | None = Field(description="The ratio as given; null where missing.", examples=[3.7])
    direction: str = Field(description="`raises` or `lowers` the probability of default.", examples=["lowers"])
    percentile: float | None = Field(
        description="Share, 0 to 100, of the reference population with a lower value; null where missing.",
        examples=[60.2],
    )
    contribution: float = Field(description="In log-odds of `pd`.", examples=[-0.455])
    text: str = Field(description="The reason in a sentence.", examples=[REASON])


def shown(score: Score) -> list[ReasonOut]:
    """The reasons of a score, the strongest first."""
    return [
        ReasonOut(
            code=reason.code,
            ratio=reason.column,
            value=reason.value,
            direction=reason.direction,
            percentile=reason.percentile,
            contribution=reason.contribution,
            text=reason.text,
        )
        for reason in score.reasons
    ]


def scored_again(models: ModelLibrary, prediction: Prediction) -> Score | None:
    """The stored inputs under the stored model version; None where its files are not at hand.

    The grade of this score is the default scale's; the stored one counts.
    """
    try:
        scorer = models.scorer(prediction.kind, prediction.model_version)
    except UnknownModelError:
        return None
    return scorer.shifted(prediction.log_odds_shift).score(inputs_of(prediction))
