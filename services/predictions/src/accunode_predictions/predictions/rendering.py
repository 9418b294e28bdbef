"""Predictions as responses."""

from typing import Any

from accunode_credit.columns import inputs_of
from accunode_credit.models.credit import Company, Prediction, PredictionVersion
from accunode_credit.reasons import shown
from accunode_predictions.fields import AnnualRatioValues, QuarterlyRatioValues
from accunode_predictions.predictions.schemas import (
    AnnualPrediction,
    AnnualPredictionDetail,
    CompanyReference,
    EarlierVersion,
    PredictionDetail,
    PredictionFields,
    PredictionItem,
    QuarterlyPrediction,
    QuarterlyPredictionDetail,
    StatementPrediction,
    StatementPredictionDetail,
)
from accunode_predictions.statements import StatementAmountValues, ratios_from
from accunode_scoring import Kind, Score

_STORED = tuple(name for name in PredictionFields.model_fields if name != "company")


def item(prediction: Prediction, company: Company) -> PredictionItem:
    """A list's item."""
    contents = _contents(prediction, company)
    match Kind(prediction.kind):
        case Kind.ANNUAL:
            return AnnualPrediction(**contents)
        case Kind.QUARTERLY:
            return QuarterlyPrediction(**contents)
        case Kind.STATEMENT:
            return StatementPrediction(**contents)


def detail(prediction: Prediction, company: Company, score: Score | None) -> PredictionDetail:
    """A single prediction with its reasons."""
    reasons = None if score is None else shown(score)
    contents = {**_contents(prediction, company), "reasons": reasons}
    match Kind(prediction.kind):
        case Kind.ANNUAL:
            return AnnualPredictionDetail(**contents)
        case Kind.QUARTERLY:
            return QuarterlyPredictionDetail(**contents)
        case Kind.STATEMENT:
            return StatementPredictionDetail(**contents)


def earlier(version: PredictionVersion, kind: Kind) -> EarlierVersion:
    """What a prediction of that kind was before a rescoring."""
    return EarlierVersion(
        kind=kind,
        model_version=version.snapshot["model_version"],
        version=version.version,
        replaced_at=version.replaced_at,
        replaced_by=version.replaced_by,
        snapshot=version.snapshot,
    )


def _contents(prediction: Prediction, company: Company) -> dict[str, Any]:
    return {
        **{name: getattr(prediction, name) for name in _STORED},
        "company": CompanyReference.model_validate(company),
        "fiscal_quarter": prediction.fiscal_quarter,
        **_shown_inputs(prediction),
    }


def _shown_inputs(prediction: Prediction) -> dict[str, Any]:
    match Kind(prediction.kind):
        case Kind.ANNUAL:
            return {"ratios": AnnualRatioValues.model_validate(prediction)}
        case Kind.QUARTERLY:
            return {"ratios": QuarterlyRatioValues.model_validate(prediction)}
        case Kind.STATEMENT:
            amounts = inputs_of(prediction)
            return {"amounts": StatementAmountValues(**amounts), "ratios": ratios_from(amounts)}
