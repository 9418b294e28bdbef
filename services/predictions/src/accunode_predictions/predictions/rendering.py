"""Predictions as responses."""

from collections.abc import Callable, Mapping
from typing import Any

from accunode_credit.columns import inputs_of
from accunode_credit.models.credit import Company, Prediction, PredictionVersion
from accunode_predictions.fields import AnnualRatioValues, QuarterlyRatioValues
from accunode_predictions.predictions.schemas import (
    AnnualPrediction,
    AnnualPredictionDetail,
    CompanyReference,
    EarlierVersion,
    PredictionDetail,
    PredictionFields,
    QuarterlyPrediction,
    QuarterlyPredictionDetail,
    ReasonOut,
    StatementPrediction,
    StatementPredictionDetail,
)
from accunode_predictions.statements import StatementAmountValues, ratios_from
from accunode_scoring import Kind, Score

_STORED = tuple(name for name in PredictionFields.model_fields if name != "company")


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


def statement(prediction: Prediction, company: Company) -> StatementPrediction:
    """A list's item."""
    return StatementPrediction(**_statement_fields(prediction), company=_reference(company))


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


def statement_detail(prediction: Prediction, company: Company, score: Score | None) -> StatementPredictionDetail:
    """A single prediction with its reasons."""
    return StatementPredictionDetail(
        **_statement_fields(prediction), company=_reference(company), reasons=_reasons(score)
    )


_DETAILS: Mapping[Kind, Callable[[Prediction, Company, Score | None], PredictionDetail]] = {
    Kind.ANNUAL: annual_detail,
    Kind.QUARTERLY: quarterly_detail,
    Kind.STATEMENT: statement_detail,
}


def detail(prediction: Prediction, company: Company, score: Score | None) -> PredictionDetail:
    """A single prediction of any kind."""
    return _DETAILS[Kind(prediction.kind)](prediction, company, score)


def earlier(version: PredictionVersion, kind: Kind) -> EarlierVersion:
    """What a prediction of that kind was before a rescoring."""
    return EarlierVersion(
        kind=Kind(kind),
        model_version=version.snapshot["model_version"],
        version=version.version,
        replaced_at=version.replaced_at,
        replaced_by=version.replaced_by,
        snapshot=version.snapshot,
    )


def _statement_fields(prediction: Prediction) -> dict[str, Any]:
    amounts = inputs_of(prediction)
    return {
        **_fields(prediction),
        "fiscal_quarter": None,
        "amounts": StatementAmountValues(**amounts),
        "ratios": ratios_from(amounts),
    }


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
