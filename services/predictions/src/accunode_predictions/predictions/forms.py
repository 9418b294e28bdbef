"""The kinds of prediction as the API shows them: what is sent, what is answered, and the words for them."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query

from accunode_common.schemas import Page
from accunode_predictions.predictions.filters import PredictionFilters, QuarterlyFilters
from accunode_predictions.predictions.schemas import (
    AnnualPrediction,
    AnnualPredictionDetail,
    AnnualPredictionInput,
    AnnualRescoring,
    PredictionFields,
    PredictionInput,
    QuarterlyPrediction,
    QuarterlyPredictionDetail,
    QuarterlyPredictionInput,
    QuarterlyRescoring,
    Rescoring,
    StatementPrediction,
    StatementPredictionDetail,
    StatementPredictionInput,
    StatementRescoring,
)
from accunode_scoring import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionForm:
    """What one kind of prediction looks like in the API.

    Attributes:
        kind: The kind.
        new: The body of a new prediction.
        rescoring: The body that scores one again.
        page: A page of a list.
        detail: A single prediction.
        filters: The query parameters that a list can be narrowed by.
        source: What a prediction is made from, with its article.
        inputs: What the values are called.
        restated: What their restatement is called.
        period: Of what a company has one prediction at most.
        one: A prediction of the kind, with its article.
        several: Predictions of the kind.
    """

    kind: Kind
    new: type[PredictionInput]
    rescoring: type[Rescoring]
    page: type
    detail: type[PredictionFields]
    filters: Any
    source: str
    inputs: str
    restated: str
    period: str
    one: str
    several: str


FORMS = (
    PredictionForm(
        kind=Kind.ANNUAL,
        new=AnnualPredictionInput,
        rescoring=AnnualRescoring,
        page=Page[AnnualPrediction],
        detail=AnnualPredictionDetail,
        filters=Annotated[PredictionFilters, Query()],
        source="a fiscal year",
        inputs="the ratios",
        restated="ratios",
        period="year",
        one="an annual prediction",
        several="annual predictions",
    ),
    PredictionForm(
        kind=Kind.QUARTERLY,
        new=QuarterlyPredictionInput,
        rescoring=QuarterlyRescoring,
        page=Page[QuarterlyPrediction],
        detail=QuarterlyPredictionDetail,
        filters=Annotated[QuarterlyFilters, Query()],
        source="a quarter",
        inputs="ratios of the trailing twelve months",
        restated="ratios",
        period="quarter",
        one="a quarterly prediction",
        several="quarterly predictions",
    ),
    PredictionForm(
        kind=Kind.STATEMENT,
        new=StatementPredictionInput,
        rescoring=StatementRescoring,
        page=Page[StatementPrediction],
        detail=StatementPredictionDetail,
        filters=Annotated[PredictionFilters, Query()],
        source="a financial statement",
        inputs="the amounts",
        restated="amounts",
        period="year",
        one="a prediction from a statement",
        several="predictions from statements",
    ),
)
