"""Takes stored predictions apart, by scoring the stored ratios again with the stored model version."""

from uuid import UUID

from accunode_common.auth.subject import Subject
from accunode_credit.columns import inputs_of
from accunode_credit.models.credit import Prediction
from accunode_credit.reasons import shown
from accunode_predictions.model_reference import model_url
from accunode_predictions.predictions import service as predictions
from accunode_predictions.predictions.explanations.schemas import ContributionOut, Explanation, FlagOut
from accunode_predictions.serving.service import Scoring
from accunode_scoring import Kind, Scorer
from accunode_scoring.reasons import percentile
from accunode_scoring.statement import derive_ratios


async def explain(scoring: Scoring, subject: Subject, kind: Kind, prediction_id: UUID) -> Explanation:
    """Why the prediction is what it is.

    Raises:
        NotFoundError: There is none that the caller sees.
        ServiceUnavailableError: The files of its model version are not at hand.
    """
    prediction, _ = await predictions.get(scoring.session, subject, kind, prediction_id)
    scorer = scoring.models.scorer(kind, prediction.model_version)
    return _explanation(prediction, scorer.shifted(prediction.log_odds_shift))


def _explanation(prediction: Prediction, scorer: Scorer) -> Explanation:
    score = scorer.score(inputs_of(prediction))
    ranks = {reason.column: reason.percentile for reason in score.reasons}
    inputs = inputs_of(prediction)
    values = derive_ratios(inputs) if scorer.kind is Kind.STATEMENT else inputs
    labels = {ratio.name: ratio for ratio in scorer.model.feature_set.explained}
    population = scorer.model.reference.get("pd")
    return Explanation(
        prediction_id=prediction.id,
        kind=prediction.kind,
        fiscal_year=prediction.fiscal_year,
        fiscal_quarter=prediction.fiscal_quarter,
        pd=prediction.pd,
        pd_low=prediction.pd_low,
        pd_high=prediction.pd_high,
        pd_percentile=percentile(prediction.pd, population) if population is not None else None,
        grade=prediction.grade,
        risk_level=prediction.risk_level,
        log_odds=score.base + sum(part.log_odds for part in score.contributions),
        base_log_odds=score.base,
        contributions=[
            ContributionOut(
                ratio=part.column,
                label=labels[part.column].label,
                unit=labels[part.column].unit,
                value=values[part.column],
                percentile=ranks.get(part.column),
                log_odds=part.log_odds,
            )
            for part in score.contributions
        ],
        reasons=shown(score),
        flags=[FlagOut(code=flag.code, ratio=flag.column, message=flag.message) for flag in score.flags],
        model_version=prediction.model_version,
        model_url=model_url(prediction.kind, prediction.model_version),
    )
