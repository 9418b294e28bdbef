"""The SQL of predictions."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, cast, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.columns import AccessLevel
from accunode_common.names import clean_symbol
from accunode_credit.columns import kept_version, select_inputs
from accunode_credit.models.credit import Company, Prediction, PredictionVersion
from accunode_credit.models.registry import ShadowScore
from accunode_credit.records import own_records, system_records
from accunode_predictions.predictions.filters import PredictionFilters, QuarterlyFilters
from accunode_scoring import PROBABILITIES, Kind

_EXPORTED_LAST = (
    *PROBABILITIES,
    *("grade", "risk_level", "reason_codes", "flags", "model_version", "access_level", "created_at", "updated_at"),
)


def matching(
    subject: Subject,
    kind: Kind,
    filters: PredictionFilters,
    *,
    system: bool,
    always_join: bool = False,
) -> Select[Prediction]:
    """The caller's own and organization records that pass `filters`, or the system's records that do.

    Companies are joined when a filter needs them, or always.
    """
    visible = system_records(Prediction) if system else own_records(Prediction, subject)
    statement = select(Prediction).where(visible, Prediction.kind == kind.value, *_conditions(filters))
    if always_join or filters.symbol is not None or filters.sector is not None:
        same = and_(Company.tenant_id == Prediction.tenant_id, Company.id == Prediction.company_id)
        statement = statement.join(Company, same)
    if filters.symbol is not None:
        statement = statement.where(Company.symbol == clean_symbol(filters.symbol))
    if filters.sector is not None:
        statement = statement.where(Company.sector == filters.sector)
    return statement


def _conditions(filters: PredictionFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    equal: dict[str, Any] = {
        "company_id": filters.company_id,
        "fiscal_year": filters.fiscal_year,
        "risk_level": filters.risk_level,
        "access_level": filters.access_level and AccessLevel(filters.access_level),
        "job_id": filters.job_id,
        "fiscal_quarter": filters.fiscal_quarter if isinstance(filters, QuarterlyFilters) else None,
    }
    conditions.extend(getattr(Prediction, name) == value for name, value in equal.items() if value is not None)
    if filters.pd_min is not None:
        conditions.append(Prediction.pd >= filters.pd_min)
    if filters.pd_max is not None:
        conditions.append(Prediction.pd <= filters.pd_max)
    if filters.created_from is not None:
        conditions.append(Prediction.created_at >= filters.created_from)
    if filters.created_to is not None:
        conditions.append(Prediction.created_at < filters.created_to)
    return conditions


async def exported(
    database: Database, subject: Subject, kind: Kind, filters: PredictionFilters, size: int, *, system: bool
) -> AsyncGenerator[Sequence[Sequence[Any]]]:
    """The rows of an export, newest first, from one cursor of the caller's own transaction."""
    statement = (
        matching(subject, kind, filters, system=system, always_join=True)
        .with_only_columns(
            cast(Prediction.id, Text),
            cast(Prediction.company_id, Text),
            Company.name,
            Company.symbol,
            Company.sector,
            Prediction.fiscal_year,
            *([Prediction.fiscal_quarter] if kind is Kind.QUARTERLY else []),
            *select_inputs(kind),
            *(getattr(Prediction, name) for name in _EXPORTED_LAST),
        )
        .order_by(Prediction.id.desc())
    )
    async with database.transaction(subject.access) as session:
        found = await session.stream(statement, execution_options={"yield_per": size})
        async for rows in found.partitions(size):
            yield rows


async def page(
    session: AsyncSession, statement: Select[Prediction], order: SortOrder, paging: PageParameters
) -> PageOf[Prediction]:
    """One page of a listing."""
    return await paginate(session, statement, order, paging)


async def companies_of(session: AsyncSession, predictions: Iterable[Prediction]) -> Mapping[UUID, Company]:
    """The companies of these predictions, by id."""
    rows = list(predictions)
    if not rows:
        return {}
    found = await session.scalars(
        select(Company).where(
            Company.tenant_id.in_({row.tenant_id for row in rows}), Company.id.in_({row.company_id for row in rows})
        )
    )
    return {company.id: company for company in found}


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Prediction | None:
    """A new prediction, or None if its company has one for that kind and period."""
    statement = insert(Prediction).values(**values).on_conflict_do_nothing().returning(Prediction)
    added: Prediction | None = await session.scalar(statement)
    # Of a company's first two, added at once, one waits for the other to be its newest; it then is the second.
    return added or await session.scalar(statement)


async def id_of_period(
    session: AsyncSession, company: Company, kind: Kind, fiscal_year: int, fiscal_quarter: int | None
) -> UUID | None:
    """The prediction of a company for a period."""
    found: UUID | None = await session.scalar(
        select(Prediction.id).where(
            Prediction.tenant_id == company.tenant_id,
            Prediction.company_id == company.id,
            Prediction.kind == kind.value,
            Prediction.fiscal_year == fiscal_year,
            Prediction.fiscal_quarter.is_not_distinct_from(fiscal_quarter),
        )
    )
    return found


async def change(session: AsyncSession, prediction: Prediction, values: Mapping[str, Any]) -> Prediction:
    """The prediction with other values and the next version."""
    changed = await session.scalars(
        update(Prediction)
        .where(Prediction.tenant_id == prediction.tenant_id, Prediction.id == prediction.id)
        .values(**values, version=Prediction.version + 1, updated_at=func.now())
        .returning(Prediction)
        .execution_options(populate_existing=True)
    )
    return changed.one()


async def keep_version(session: AsyncSession, prediction: Prediction, replaced_by: UUID) -> None:
    """Keep the prediction as it is now, before it changes."""
    await session.execute(
        insert(PredictionVersion).values(
            tenant_id=prediction.tenant_id,
            prediction_id=prediction.id,
            version=prediction.version,
            snapshot=select(kept_version(Kind(prediction.kind)))
            .where(Prediction.tenant_id == prediction.tenant_id, Prediction.id == prediction.id)
            .scalar_subquery(),
            replaced_by=replaced_by,
        )
    )


async def versions_of(session: AsyncSession, prediction: Prediction) -> Sequence[PredictionVersion]:
    """The earlier versions of a prediction, newest first."""
    found = await session.scalars(
        select(PredictionVersion)
        .where(PredictionVersion.tenant_id == prediction.tenant_id, PredictionVersion.prediction_id == prediction.id)
        .order_by(PredictionVersion.version.desc())
    )
    return found.all()


async def remove(session: AsyncSession, prediction: Prediction) -> None:
    """Delete the prediction and its earlier versions."""
    await session.execute(
        delete(Prediction).where(Prediction.tenant_id == prediction.tenant_id, Prediction.id == prediction.id)
    )


async def note_shadow(session: AsyncSession, prediction: Prediction, version: str, pd: float) -> None:
    """Keep what a challenger says of a prediction, instead of what it said before."""
    statement = insert(ShadowScore).values(
        tenant_id=prediction.tenant_id, prediction_id=prediction.id, version=version, pd=pd
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[ShadowScore.tenant_id, ShadowScore.prediction_id, ShadowScore.version],
            set_={"pd": pd, "created_at": func.now()},
        )
    )
