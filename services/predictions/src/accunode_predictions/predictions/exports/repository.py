"""The SQL of exports."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from sqlalchemy import Text, cast

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_credit.columns import select_inputs
from accunode_credit.models.credit import Company, Prediction
from accunode_predictions.predictions.exports.schemas import ExportFilters
from accunode_predictions.predictions.repository import matching
from accunode_scoring import PROBABILITIES, Kind

_AFTER = ("grade", "risk_level", "reason_codes", "flags", "model_version", "access_level", "created_at", "updated_at")


async def blocks(
    database: Database, subject: Subject, kind: Kind, filters: ExportFilters, size: int
) -> AsyncGenerator[Sequence[Sequence[Any]]]:
    """The rows of an export, newest first, from one cursor of the caller's own transaction."""
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
            *select_inputs(kind),
            *(getattr(Prediction, name) for name in (*PROBABILITIES, *_AFTER)),
        )
        .order_by(Prediction.id.desc())
    )
    async with database.transaction(subject.access) as session:
        found = await session.stream(statement, execution_options={"yield_per": size})
        async for rows in found.partitions(size):
            yield rows
