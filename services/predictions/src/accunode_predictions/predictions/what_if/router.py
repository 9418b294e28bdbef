"""What would be if, over HTTP."""

from accunode_common.http.app import api_router
from accunode_predictions.predictions.permissions import PredictionReader
from accunode_predictions.predictions.what_if import service
from accunode_predictions.predictions.what_if.schemas import (
    AnnualQuestion,
    QuarterlyQuestion,
    StatementAnswer,
    StatementQuestion,
    WhatIf,
)
from accunode_predictions.resources import RequestScoring
from accunode_scoring import Kind

router = api_router("/predictions", tag="simulations")


@router.post("/annual/what-if", summary="Vary annual ratios")
async def ask_annual_what_if(body: AnnualQuestion, subject: PredictionReader, scoring: RequestScoring) -> WhatIf:
    """How the probability depends on each ratio, what new values bring, and the smallest way to a target.

    Ratios move together with the accounts that they share; nothing is stored.
    """
    return await service.ask_of_ratios(scoring, subject, Kind.ANNUAL, body)


@router.post("/quarterly/what-if", summary="Vary quarterly ratios")
async def ask_quarterly_what_if(body: QuarterlyQuestion, subject: PredictionReader, scoring: RequestScoring) -> WhatIf:
    """How the probability depends on each ratio, what new values bring, and the smallest way to a target.

    Ratios move together with the accounts that they share; nothing is stored.
    """
    return await service.ask_of_ratios(scoring, subject, Kind.QUARTERLY, body)


@router.post("/statement/what-if", summary="Vary the amounts of a financial statement")
async def ask_statement_what_if(
    body: StatementQuestion, subject: PredictionReader, scoring: RequestScoring
) -> StatementAnswer:
    """What new amounts bring, and the smallest way to a target; the balance holds, and nothing is stored.

    What is earned more is kept: it moves retained earnings, current assets (in cash) and total assets.
    """
    return await service.ask_of_statement(scoring, subject, body)
