"""Predictions as responses."""

from collections.abc import Mapping
from typing import Any

from accunode_credit.columns import INPUTS, WORD_COLUMNS, codes_in
from accunode_credit.models.credit import Company, Prediction, PredictionVersion
from accunode_credit.reasons import shown
from accunode_predictions.model_reference import card_url
from accunode_predictions.predictions.repository import OF_COMPANY
from accunode_predictions.predictions.schemas import (
    AnnualPredictionDetail,
    CompanyReference,
    EarlierVersion,
    PredictionDetail,
    PredictionFields,
    QuarterlyPredictionDetail,
    StatementPredictionDetail,
    years_of_term,
)
from accunode_predictions.schema_fields import AnnualRatioValues, QuarterlyRatioValues
from accunode_predictions.statements import StatementAmountValues, ratios_from
from accunode_scoring import Kind, Score

_LISTED_INPUTS = {kind: ("amounts",) if kind is Kind.STATEMENT else INPUTS[kind] for kind in Kind}
_STORED = tuple(name for name in PredictionFields.model_fields if name != "company")


def item(listed: dict[str, Any]) -> dict[str, Any]:
    """A list's item, from what the repository has listed: what `PredictionItem` says of it."""
    kind: Kind = listed["kind"]
    company = {"id": listed["company"], **{name: listed.pop(f"company_{name}") for name in OF_COMPANY}}
    inputs = {name: listed.pop(name) for name in _LISTED_INPUTS[kind]}
    codes = {name: codes_in(listed[name]) for name in WORD_COLUMNS}
    shown = _amounts_shown(inputs["amounts"]) if kind is Kind.STATEMENT else {"ratios": inputs}
    return listed | codes | {"company": company, **shown, "card_url": card_url(kind, listed["model_version"])}


def detail(prediction: Prediction, company: Company, score: Score | None) -> PredictionDetail:
    """A single prediction with its reasons."""
    reasons = None if score is None else shown(score)
    contents = {
        **_contents(prediction, company),
        "reasons": reasons,
        "completeness": _given(prediction) if score is None else score.completeness,
        "term_structure": years_of_term(prediction.pd, prediction.pd_2y, prediction.pd_3y),
    }
    match prediction.kind:
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


def _given(prediction: Prediction) -> float:
    """The share of inputs that are given."""
    if prediction.kind is Kind.STATEMENT:
        return len(prediction.amounts or ()) / len(INPUTS[Kind.STATEMENT])
    inputs = INPUTS[prediction.kind]
    return sum(getattr(prediction, name) is not None for name in inputs) / len(inputs)


def _contents(prediction: Prediction, company: Company) -> dict[str, Any]:
    return {
        **{name: getattr(prediction, name) for name in _STORED},
        "company": CompanyReference.model_validate(company),
        "fiscal_quarter": prediction.fiscal_quarter,
        **_shown_inputs(prediction),
    }


def _shown_inputs(prediction: Prediction) -> dict[str, Any]:
    match prediction.kind:
        case Kind.ANNUAL:
            return {"ratios": AnnualRatioValues.model_validate(prediction)}
        case Kind.QUARTERLY:
            return {"ratios": QuarterlyRatioValues.model_validate(prediction)}
        case Kind.STATEMENT:
            return _amounts_shown(prediction.amounts)


def _amounts_shown(stored: Mapping[str, float] | None) -> dict[str, Any]:
    amounts = {name: (stored or {}).get(name) for name in INPUTS[Kind.STATEMENT]}
    return {"amounts": StatementAmountValues(**amounts), "ratios": ratios_from(amounts)}
