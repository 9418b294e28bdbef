"""What would be if, as clients ask and are answered."""

from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from accunode_common.schemas import InputModel, ResponseModel
from accunode_credit.examples import example_of
from accunode_credit.reasons import ReasonOut
from accunode_predictions.predictions.schemas import OfOneScore, Probability, ScoreFields
from accunode_predictions.schema_fields import (
    AnnualRatios,
    GradeName,
    InputValues,
    Level,
    QuarterlyRatios,
    RatioLabel,
    RatioName,
    input_field,
)
from accunode_predictions.statements import AmountValue, StatementAmounts
from accunode_scoring import Kind
from accunode_scoring.accounts.levers import LeverName

_LEVERS = [lever.value for lever in LeverName]
_CHANGES = "New values of some; the others follow where they share an account with these. Null leaves a value as it is."
_INPUTS = "All that is scored then, by column name; null where missing. Scoring it gives the probability shown."

Inputs = Annotated[dict[str, float | None], Field(description=_INPUTS, examples=[example_of(Kind.ANNUAL)])]
LeverOut = Annotated[LeverName, Field(description="What the company does.", examples=["cut_costs"])]


def _example(kind: Kind, changes: dict[str, JsonValue]) -> ConfigDict:
    inputs = "amounts" if kind is Kind.STATEMENT else "ratios"
    example: dict[str, JsonValue] = {inputs: example_of(kind), "changes": changes, "target_pd": 0.001}
    return ConfigDict(json_schema_extra={"examples": [example]})


class Target(InputModel):
    """Where the company is to come, and by what."""

    target_grade: str | None = Field(
        default=None, max_length=20, description="A grade of the tenant's master scale to reach.", examples=["AN01"]
    )
    target_pd: float | None = Field(
        default=None,
        gt=0.0,
        lt=1.0,
        allow_inf_nan=False,
        description="Instead of a grade, a probability of default within 1 year to come below.",
        examples=[0.001],
    )
    levers: list[LeverName] | None = Field(
        default=None,
        min_length=1,
        max_length=len(_LEVERS),
        description="What the company may do on the way; everything that its kind knows if left out.",
        examples=[["cut_costs", "repay_debt"]],
    )

    @model_validator(mode="after")
    def _names_one_target(self) -> "Target":
        if self.target_grade is not None and self.target_pd is not None:
            raise PydanticCustomError("two_targets", "Give either `target_grade` or `target_pd`.")
        return self


class AnnualQuestion(Target):
    """What would the probability be if a ratio were another?"""

    model_config = _example(Kind.ANNUAL, {"return_on_assets": 6.0})

    ratios: AnnualRatios = Field(description="The ratios of one fiscal year; at least one.")
    changes: AnnualRatios | None = Field(default=None, description=_CHANGES)


class QuarterlyQuestion(Target):
    """What would the probability be if a ratio were another?"""

    model_config = _example(Kind.QUARTERLY, {"return_on_capital": 12.0})

    ratios: QuarterlyRatios = Field(description="The ratios of the trailing twelve months; at least one.")
    changes: QuarterlyRatios | None = Field(default=None, description=_CHANGES)


class StatementChanges(InputValues):
    """New amounts; those that are left out follow."""

    total_assets_musd: AmountValue = input_field(Kind.STATEMENT, "total_assets_musd")
    total_liabilities_musd: AmountValue = input_field(Kind.STATEMENT, "total_liabilities_musd")
    long_term_debt_musd: AmountValue = input_field(Kind.STATEMENT, "long_term_debt_musd")
    current_assets_musd: AmountValue = input_field(Kind.STATEMENT, "current_assets_musd")
    current_liabilities_musd: AmountValue = input_field(Kind.STATEMENT, "current_liabilities_musd")
    net_sales_musd: AmountValue = input_field(Kind.STATEMENT, "net_sales_musd")
    cogs_musd: AmountValue = input_field(Kind.STATEMENT, "cogs_musd")
    operating_expenses_musd: AmountValue = input_field(Kind.STATEMENT, "operating_expenses_musd")
    depreciation_musd: AmountValue = input_field(Kind.STATEMENT, "depreciation_musd")
    net_income_musd: AmountValue = input_field(Kind.STATEMENT, "net_income_musd")
    inventory_musd: AmountValue = input_field(Kind.STATEMENT, "inventory_musd")
    receivables_musd: AmountValue = input_field(Kind.STATEMENT, "receivables_musd")
    retained_earnings_musd: AmountValue = input_field(Kind.STATEMENT, "retained_earnings_musd")
    market_value_musd: AmountValue = input_field(Kind.STATEMENT, "market_value_musd")


class StatementQuestion(Target):
    """What would the probability be if an amount were another?"""

    model_config = _example(Kind.STATEMENT, {"operating_expenses_musd": 800.0})

    amounts: StatementAmounts = Field(description="The amounts of one fiscal year.")
    changes: StatementChanges | None = Field(default=None, description=_CHANGES)


class CurvePoint(ResponseModel):
    """The probability if the ratio had the population's value at a percentile, and the others followed it."""

    percentile: float = Field(description="Share, 0 to 100, of the reference population below.", examples=[25.0])
    value: float = Field(description="The ratio at that percentile, in its own unit.", examples=[-1.2])
    pd: Probability = Field(description="Probability of default within 1 year with that value.", examples=[0.00194])
    grade: str = Field(description="The grade with that value.", examples=["AN03"])
    inputs: Inputs


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


class Move(ResponseModel):
    """A ratio or an amount that is another one then."""

    column: str = Field(description="Its column name.", examples=["net_income_margin"])
    label: str = Field(description="What people call it.", examples=["Net income margin"])
    unit: str = Field(description="`percent`, `multiple` or `amount` (million USD).", examples=["percent"])
    before: float | None = Field(description="As given; null where missing.", examples=[4.1])
    after: float | None = Field(description="What it is then; null where it has no denominator.", examples=[5.6])
    given: bool = Field(description="Whether the caller gave the new value.", examples=[False])
    why: str = Field(
        description="Which account moved it.",
        examples=["Net income from 3.70 to 5.10 per 100 of total assets."],
    )


class Outcome(ResponseModel):
    """A company as it would be."""

    pd: Probability
    grade: GradeName
    risk_level: Level
    inputs: Inputs
    moves: list[Move] = Field(description="What is another than before.")


class Changed(Outcome):
    """The company with the caller's new values, and what follows from them."""

    remarks: list[str] = Field(
        description="In sentences, where the new values contradict each other or look wrong.", examples=[[]]
    )


class LeverStep(ResponseModel):
    """One thing that the company does, after the steps before it."""

    lever: LeverOut
    label: str = Field(description="The same in words.", examples=["Cut operating costs at the same net sales"])
    share: float = Field(description="By how much of the account as it is now, in per cent.", examples=[3.2])
    amount: float = Field(description="The same as an amount, in `amount_unit`.", examples=[2.9])
    amount_unit: str = Field(
        description="`per_100_of_total_assets`, with what the ratios leave open at its usual value, or `million_usd`.",
        examples=["per_100_of_total_assets"],
    )
    pd_before: Probability
    pd_after: Probability
    grade_before: GradeName
    grade_after: GradeName
    moves: list[Move] = Field(description="What the step makes another.")


class TargetAnswer(Outcome):
    """The smallest way to a target or, where it is out of reach, the best state that can be reached."""

    target_pd: Probability = Field(description="What the probability has to come below.", examples=[0.0005])
    reached: bool = Field(description="Whether the state shown reaches it.")
    says: str = Field(
        description="The answer in a sentence.", examples=["AN01 is reached by cutting operating costs by 3.2 %."]
    )
    steps: list[LeverStep] = Field(description="The smallest first; empty if the target is reached as it is.")
    by_single_lever: list[LeverStep] = Field(
        description="Of each lever that reaches the target alone, the smallest step."
    )


class Answer(OfOneScore, ScoreFields):
    """A score, and what would be if."""

    reasons: list[ReasonOut] = Field(description="The strongest first.")
    remarks: list[str] = Field(
        description="In sentences, where what was given contradicts itself or looks wrong, and what was made of it.",
        examples=[[]],
    )
    changed: Changed | None = Field(description="Null unless `changes` were sent.")
    target: TargetAnswer | None = Field(description="Null unless a target was sent.")


class WhatIf(Answer):
    """A score of ratios, its sensitivity, and what would be if."""

    sensitivities: list[Sensitivity] = Field(description="One per ratio, in the model's order.")


class StatementAnswer(Answer):
    """A score of a statement, and what would be if."""
