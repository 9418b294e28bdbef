"""Scores that are not stored, as clients ask for and receive them."""

from pydantic import Field

from accunode_common.schemas import InputModel, ResponseModel
from accunode_credit.examples import example_of
from accunode_credit.reasons import ReasonOut
from accunode_predictions.predictions.schemas import OfOneScore, Probability, ScoreFields
from accunode_predictions.schema_fields import AnnualRatios, QuarterlyRatios, RatioLabel, RatioName
from accunode_predictions.statements import StatementAmounts
from accunode_scoring import Kind

LARGEST_BATCH = 1000

_ROW_ID = Field(default=None, max_length=200, description="Carried through to the reply.", examples=["row-1"])
_ROWS = Field(min_length=1, max_length=LARGEST_BATCH, description="What is scored, each on its own.")
_TARGET = Field(
    default=None, max_length=20, description="A grade of the tenant's master scale to reach.", examples=["AN01"]
)
_ANNUAL = Field(description="The ratios of one fiscal year; at least one.", examples=[example_of(Kind.ANNUAL)])
_QUARTERLY = Field(
    description="The ratios of the trailing twelve months; at least one.", examples=[example_of(Kind.QUARTERLY)]
)


class AnnualRow(InputModel):
    """The ratios of one fiscal year."""

    row_id: str | None = _ROW_ID
    ratios: AnnualRatios = _ANNUAL


class QuarterlyRow(InputModel):
    """The ratios of the trailing twelve months."""

    row_id: str | None = _ROW_ID
    ratios: QuarterlyRatios = _QUARTERLY


class StatementRow(InputModel):
    """The amounts of one statement."""

    row_id: str | None = _ROW_ID
    amounts: StatementAmounts = Field(description="The statement's amounts.", examples=[example_of(Kind.STATEMENT)])


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

    row_id: str | None = Field(description="The row's own id, as it was sent.", examples=["row-1"])


class BatchScores(ResponseModel):
    """The scores in the order of the rows."""

    items: list[ScoredRow] = Field(description="The scores in the order of the rows.")


class AnnualQuestion(InputModel):
    """What would the probability be if a ratio were another?"""

    ratios: AnnualRatios = _ANNUAL
    target_grade: str | None = _TARGET


class QuarterlyQuestion(InputModel):
    """What would the probability be if a ratio were another?"""

    ratios: QuarterlyRatios = _QUARTERLY
    target_grade: str | None = _TARGET


class CurvePoint(ResponseModel):
    """The probability if the ratio had the population's value at a percentile, all others unchanged."""

    percentile: float = Field(description="Share, 0 to 100, of the reference population below.", examples=[25.0])
    value: float = Field(description="The ratio at that percentile, in its own unit.", examples=[-1.2])
    pd: Probability = Field(description="Probability of default within 1 year with that value.", examples=[0.00194])
    grade: str = Field(description="The grade with that value.", examples=["AN03"])


class Sensitivity(ResponseModel):
    """How the probability depends on one ratio."""

    ratio: RatioName
    label: RatioLabel
    unit: str = Field(description="`percent` (12.5 means 12.5 %) or `multiple` (3.2 means 3.2x).", examples=["percent"])
    value: float | None = Field(description="The ratio as given; null where missing.", examples=[3.7])
    percentile: float | None = Field(
        description="Its percentile in the reference population; null where missing.", examples=[60.2]
    )
    pd_lowest: Probability = Field(description="The lowest probability along the curve.", examples=[0.00061])
    pd_highest: Probability = Field(description="The highest probability along the curve.", examples=[0.00438])
    curve: list[CurvePoint] = Field(description="From low percentiles to high ones.")


class RatioChange(ResponseModel):
    """A ratio that would have to change."""

    ratio: RatioName
    label: RatioLabel
    value: float = Field(description="As given.", examples=[3.7])
    target: float = Field(description="What it would have to be.", examples=[8.9])
    percentile: float = Field(description="Share, 0 to 100, of the reference population below it.", examples=[60.2])
    target_percentile: float = Field(
        description="Share, 0 to 100, of the reference population below the target.", examples=[81.0]
    )


class TargetAnswer(ResponseModel):
    """What it takes to reach a grade."""

    grade: str = Field(description="The grade that was asked for.", examples=["AN01"])
    reached: bool = Field(description="Whether some change of the given ratios reaches it.")
    changes: list[RatioChange] = Field(
        description="The smallest change found, measured in percentiles of the reference population; "
        "empty if the grade is reached as it is, or not at all."
    )
    pd: Probability = Field(description="The probability after the changes.", examples=[0.00049])
    by_single_ratio: list[RatioChange] = Field(
        description="For each ratio that reaches the grade alone, its nearest value that does."
    )


class WhatIf(OfOneScore, ScoreFields):
    """A score, its sensitivity, and the way to a better grade."""

    reasons: list[ReasonOut] = Field(description="The strongest first.")
    sensitivities: list[Sensitivity] = Field(description="One per ratio, in the model's order.")
    target: TargetAnswer | None = Field(description="Null unless a target grade was asked for.")
