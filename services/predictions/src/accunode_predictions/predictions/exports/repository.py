"""The SQL of exports."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, cast

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_credit.models.credit import Company, Prediction
from accunode_predictions.fields import columns_of
from accunode_predictions.predictions.exports.schemas import ExportFilters
from accunode_predictions.predictions.repository import matching
from accunode_scoring import Kind

PROBABILITIES = ("pd", "pd_2y", "pd_3y", "pd_scorecard", "pd_lightgbm", "pd_low", "pd_high")
_AFTER = ("grade", "risk_level", "reason_codes", "flags", "model_version", "access_level", "created_at", "updated_at")


async def blocks(
    database: Database, subject: Subject, kind: Kind, filters: ExportFilters, size: int
) -> AsyncGenerator[Sequence[Sequence[Any]]]:
    """The rows of an export, newest first, from one cursor of the caller's own transaction."""
    inputs = [_input_column(kind, name) for name in columns_of(kind)]
    quarter = [Prediction.fiscal_quarter] if kind is Kind.QUARTERLY else []
    statement = (
        matching(subject, kind, filters, system=filters.system, always_join=True)
        .with_only_columns(
            cast(Prediction.id, Text),
            cast(Prediction.company_id, Text),
            Company.name,
            Company.symbol,
            Company.sector,
            Prediction.fiscal_year,
            *quarter,
            *inputs,
            *(getattr(Prediction, name) for name in (*PROBABILITIES, *_AFTER)),
        )
        .order_by(Prediction.id.desc())
    )
    async with database.transaction(subject.access) as session:
        found = await session.stream(statement, execution_options={"yield_per": size})
        async for rows in found.partitions(size):
            yield rows


def _input_column(kind: Kind, name: str) -> ColumnElement[Any]:
    if kind is Kind.STATEMENT:
        amount: ColumnElement[Any] = Prediction.amounts[name].as_float()
        return amount
    column: ColumnElement[Any] = getattr(Prediction, name)
    return column
