"""Scores that are not stored, as clients ask for and receive them."""

from pydantic import Field

from accunode_common.http.schemas import InputModel, ResponseModel
from accunode_predictions.fields import AnnualRatios, QuarterlyRatios
from accunode_predictions.predictions.schemas import Probability, ReasonOut, ScoreFields
from accunode_predictions.statements import StatementAmounts

LARGEST_BATCH = 1000

_ROW_ID = Field(default=None, max_length=200, description="Carried through to the reply.")
_ROWS = Field(min_length=1, max_length=LARGEST_BATCH)
_TARGET = Field(default=None, max_length=20, description="A grade of the tenant's master scale to reach.")


class AnnualRow(InputModel):
    """The ratios of one fiscal year."""

    row_id: str | None = _ROW_ID
    ratios: AnnualRatios


class QuarterlyRow(InputModel):
    """The ratios of the trailing twelve months."""

    row_id: str | None = _ROW_ID
    ratios: QuarterlyRatios


class StatementRow(InputModel):
    """The amounts of one statement."""

    row_id: str | None = _ROW_ID
    amounts: StatementAmounts


class AnnualBatch(InputModel):
    """Rows to score; nothing is stored."""

    rows: list[AnnualRow] = _ROWS


class QuarterlyBatch(InputModel):
    """Rows to score; nothing is stored."""

    rows: list[QuarterlyRow] = _ROWS


class StatementBatch(InputModel):
    """Rows to score; nothing is stored."""

    rows: list[StatementRow] = _ROWS


class ScoredRow(ScoreFields):
    """The score of one row."""

    row_id: str | None


class BatchScores(ResponseModel):
    """The scores in the order of the rows."""

    items: list[ScoredRow]


class AnnualQuestion(InputModel):
    """What would the probability be if a ratio were another?"""

    ratios: AnnualRatios
    target_grade: str | None = _TARGET


class QuarterlyQuestion(InputModel):
    """What would the probability be if a ratio were another?"""

    ratios: QuarterlyRatios
    target_grade: str | None = _TARGET


class CurvePoint(ResponseModel):
    """The probability if the ratio had the population's value at a percentile, all others unchanged."""

    percentile: float
    value: float
    pd: Probability
    grade: str


class Sensitivity(ResponseModel):
    """How the probability depends on one ratio."""

    ratio: str
    label: str
    unit: str = Field(description="`percent` (12.5 means 12.5 %) or `multiple` (3.2 means 3.2x).")
    value: float | None = Field(description="The ratio as given; null where missing.")
    percentile: float | None = Field(description="Its percentile in the reference population; null where missing.")
    pd_lowest: Probability = Field(description="The lowest probability along the curve.")
    pd_highest: Probability = Field(description="The highest probability along the curve.")
    curve: list[CurvePoint]


class RatioChange(ResponseModel):
    """A ratio that would have to change."""

    ratio: str
    label: str
    value: float = Field(description="As given.")
    target: float = Field(description="What it would have to be.")
    percentile: float
    target_percentile: float


class TargetAnswer(ResponseModel):
    """What it takes to reach a grade."""

    grade: str
    reached: bool = Field(description="Whether some change of the given ratios reaches it.")
    changes: list[RatioChange] = Field(
        description="The smallest change found, measured in percentiles of the reference population; "
        "empty if the grade is reached as it is, or not at all."
    )
    pd: Probability = Field(description="The probability after the changes.")
    by_single_ratio: list[RatioChange] = Field(
        description="For each ratio that reaches the grade alone, its nearest value that does."
    )


class WhatIf(ScoreFields):
    """A score, its sensitivity, and the way to a better grade."""

    reasons: list[ReasonOut]
    sensitivities: list[Sensitivity] = Field(description="One per ratio, in the model's order.")
    target: TargetAnswer | None = Field(description="Null unless a target grade was asked for.")
