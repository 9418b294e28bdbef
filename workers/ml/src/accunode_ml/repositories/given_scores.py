"""Scores as they were given: of `credit.predictions`, their earlier versions, and what deleted ones left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from accunode_common.models.columns import AccessLevel
from accunode_credit.models.credit import Prediction, PredictionVersion
from accunode_credit.models.validation import DeletedPrediction
from accunode_ml.repositories.outcomes import Defaults
from accunode_scoring import Kind

_START = UUID(int=0)


@dataclass(frozen=True, slots=True)
class GivenScore:
    """What was said at one time: the one-year probability of default, by which model version."""

    given_at: datetime
    pd: float
    model_version: str


@dataclass(frozen=True, slots=True)
class GivenScores:
    """All that was said of a company and period.

    Attributes:
        obligor_id: The company, or what stands for one that is deleted.
        period: The fiscal year, and the quarter if it has one.
        scores: The earliest first; at least one.
        is_deleted: Whether the prediction is deleted.
    """

    obligor_id: UUID
    period: tuple[int, int | None]
    scores: tuple[GivenScore, ...]
    is_deleted: bool


def next_given(
    session: Session, tenant_id: UUID, kind: Kind, *, before_year: int, after: UUID | None, most: int
) -> tuple[list[GivenScores], UUID | None]:
    """The next shared predictions of periods before a year with all versions, and the last id; None at the end."""
    shown = ("id", "company_id", "fiscal_year", "fiscal_quarter", "updated_at", "pd", "model_version")
    rows = session.execute(
        select(*(getattr(Prediction, name) for name in shown))
        .where(
            Prediction.tenant_id == tenant_id,
            Prediction.kind == kind,
            Prediction.access_level != AccessLevel.PERSONAL,
            Prediction.fiscal_year < before_year,
            Prediction.id > (after or _START),
        )
        .order_by(Prediction.id)
        .limit(most)
    ).mappings()
    predictions = rows.all()
    if not predictions:
        return [], None
    earlier: dict[UUID, list[GivenScore]] = {}
    for version in _versions(session, tenant_id, [row["id"] for row in predictions]):
        earlier.setdefault(version["prediction_id"], []).append(_from_json(version["snapshot"]))
    return [_standing(row, earlier.get(row["id"], [])) for row in predictions], predictions[-1]["id"]


def deleted(session: Session, tenant_id: UUID, kind: Kind, *, before_year: int) -> tuple[list[GivenScores], Defaults]:
    """What deleted predictions of periods before a year said, and the defaults of those whose company is deleted."""
    history, defaults = [], {}
    for row in session.scalars(
        select(DeletedPrediction).where(
            DeletedPrediction.tenant_id == tenant_id,
            DeletedPrediction.kind == kind,
            DeletedPrediction.fiscal_year < before_year,
        )
    ):
        scores = tuple(_from_json(score) for score in row.scores)
        history.append(GivenScores(row.obligor_id, (row.fiscal_year, row.fiscal_quarter), scores, is_deleted=True))
        if row.defaulted_on:
            defaults[row.obligor_id] = [date.fromisoformat(day) for day in row.defaulted_on]
    return history, defaults


def _versions(session: Session, tenant_id: UUID, prediction_ids: Sequence[UUID]) -> Iterator[RowMapping]:
    statement = (
        select(PredictionVersion.prediction_id, PredictionVersion.snapshot)
        .where(PredictionVersion.tenant_id == tenant_id, PredictionVersion.prediction_id.in_(prediction_ids))
        .order_by(PredictionVersion.prediction_id, PredictionVersion.version)
    )
    yield from session.execute(statement).mappings()


def _standing(row: RowMapping, earlier: Sequence[GivenScore]) -> GivenScores:
    last = GivenScore(row["updated_at"], row["pd"], row["model_version"])
    period = (row["fiscal_year"], row["fiscal_quarter"])
    return GivenScores(row["company_id"], period, (*earlier, last), is_deleted=False)


def _from_json(score: dict[str, Any]) -> GivenScore:
    """A kept version, or a score of a deleted prediction, which say by different names when it was given."""
    given_at = score["given_at"] if "given_at" in score else score["updated_at"]
    return GivenScore(datetime.fromisoformat(given_at), score["pd"], score["model_version"])
