"""Predictions as responses."""

from typing import Any

from accunode_common.models.credit import Company, Prediction
from accunode_predictions.fields import AnnualRatioValues, QuarterlyRatioValues, columns_of
from accunode_predictions.predictions.schemas import (
    AnnualPrediction,
    AnnualPredictionDetail,
    CompanyReference,
    PredictionFields,
    QuarterlyPrediction,
    QuarterlyPredictionDetail,
    ReasonOut,
)
from accunode_scoring import Kind, Score

_STORED = tuple(name for name in PredictionFields.model_fields if name != "company")


def ratios_of(prediction: Prediction) -> dict[str, float | None]:
    """The stored ratios by column name."""
    return {column: getattr(prediction, column) for column in columns_of(Kind(prediction.kind))}


def annual(prediction: Prediction, company: Company) -> AnnualPrediction:
    """A list's item."""
    return AnnualPrediction(
        **_fields(prediction), company=_reference(company), fiscal_quarter=None, ratios=_annual_ratios(prediction)
    )


def quarterly(prediction: Prediction, company: Company) -> QuarterlyPrediction:
    """A list's item."""
    return QuarterlyPrediction(
        **_fields(prediction),
        company=_reference(company),
        fiscal_quarter=int(prediction.fiscal_quarter or 0),
        ratios=_quarterly_ratios(prediction),
    )


def annual_detail(prediction: Prediction, company: Company, score: Score | None) -> AnnualPredictionDetail:
    """A single prediction with its reasons."""
    return AnnualPredictionDetail(
        **_fields(prediction),
        company=_reference(company),
        fiscal_quarter=None,
        ratios=_annual_ratios(prediction),
        reasons=_reasons(score),
    )


def quarterly_detail(prediction: Prediction, company: Company, score: Score | None) -> QuarterlyPredictionDetail:
    """A single prediction with its reasons."""
    return QuarterlyPredictionDetail(
        **_fields(prediction),
        company=_reference(company),
        fiscal_quarter=int(prediction.fiscal_quarter or 0),
        ratios=_quarterly_ratios(prediction),
        reasons=_reasons(score),
    )


def detail(
    prediction: Prediction, company: Company, score: Score | None
) -> AnnualPredictionDetail | QuarterlyPredictionDetail:
    """A single prediction of either kind."""
    render = annual_detail if prediction.kind == Kind.ANNUAL else quarterly_detail
    return render(prediction, company, score)


def _fields(prediction: Prediction) -> dict[str, Any]:
    return {name: getattr(prediction, name) for name in _STORED}


def _reference(company: Company) -> CompanyReference:
    return CompanyReference.model_validate(company)


def _annual_ratios(prediction: Prediction) -> AnnualRatioValues:
    return AnnualRatioValues.model_validate(prediction)


def _quarterly_ratios(prediction: Prediction) -> QuarterlyRatioValues:
    return QuarterlyRatioValues.model_validate(prediction)


def _reasons(score: Score | None) -> list[ReasonOut] | None:
    return None if score is None else [ReasonOut.of(reason) for reason in score.reasons]
