"""The SQL of the portfolio."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_credit.models.credit import Company, Prediction
from accunode_credit.newest import newest_first
from accunode_credit.records import own_records
from accunode_predictions.portfolio.schemas import Dimension
from accunode_scoring import Kind

_TOP = 10


async def overview(session: AsyncSession, subject: Subject, kind: Kind) -> dict[str, Any]:
    """All that the dashboard shows, from one pass over the caller's predictions of a kind."""
    every = _with_the_one_before(subject, kind)
    newest = select(every).where(every.c.age == 1).cte("newest")
    statement = select(
        select(func.count()).select_from(every).scalar_subquery().label("predictions"),
        _rows(
            select(
                func.count().label("companies"),
                func.avg(newest.c.pd).label("mean_pd"),
                func.percentile_cont(0.5).within_group(newest.c.pd).label("median_pd"),
                func.coalesce(func.sum(newest.c.pd), 0.0).label("expected_defaults"),
            ),
            "whole",
        ),
        _rows(select(newest.c.risk_level, func.count().label("count")).group_by(newest.c.risk_level), "risk_levels"),
        _rows(select(newest.c.grade, func.count().label("count")).group_by(newest.c.grade), "grades"),
        _rows(
            select(newest.c.sector, func.count().label("count"), func.avg(newest.c.pd).label("mean_pd"))
            .group_by(newest.c.sector)
            .order_by(func.count().desc(), newest.c.sector)
            .limit(_TOP),
            "sectors",
        ),
        _rows(
            select(
                every.c.fiscal_year,
                every.c.fiscal_quarter,
                func.count().label("count"),
                func.avg(every.c.pd).label("mean_pd"),
            )
            .group_by(every.c.fiscal_year, every.c.fiscal_quarter)
            .order_by(every.c.fiscal_year, every.c.fiscal_quarter),
            "trend",
        ),
        _top(newest, "riskiest", newest.c.pd.desc()),
        _top(newest, "deteriorated", newest.c.pd_change.desc(), newest.c.pd_change > 0),
        _top(newest, "recent", newest.c.prediction_id.desc()),
    )
    return dict((await session.execute(statement)).one()._mapping)


def _with_the_one_before(subject: Subject, kind: Kind) -> CTE:
    by_company: dict[str, Any] = {
        "partition_by": Prediction.company_id,
        "order_by": newest_first(),
    }
    return (
        select(
            Prediction.id.label("prediction_id"),
            Prediction.company_id,
            Company.name,
            Company.symbol,
            Company.sector,
            Prediction.fiscal_year,
            Prediction.fiscal_quarter,
            Prediction.pd,
            Prediction.grade,
            Prediction.risk_level,
            (Prediction.pd - func.lead(Prediction.pd).over(**by_company)).label("pd_change"),
            func.row_number().over(**by_company).label("age"),
        )
        .join(Company, and_(Company.tenant_id == Prediction.tenant_id, Company.id == Prediction.company_id))
        .where(own_records(Prediction, subject), Prediction.kind == kind.value)
        .cte("every")
    )


def _top(newest: CTE, label: str, order: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    columns = [column for column in newest.c if column.key != "age"]
    return _rows(select(*columns).where(*conditions).order_by(order, newest.c.prediction_id).limit(_TOP), label)


def _rows(statement: Select[*tuple[Any, ...]], label: str) -> ColumnElement[Any]:
    """The rows of a statement as one JSON array."""
    part = statement.subquery(f"part_{label}")
    whole = func.to_jsonb(literal_column(part.name))
    gathered = select(func.coalesce(func.jsonb_agg(whole), literal_column("'[]'::jsonb"))).select_from(part)
    return gathered.scalar_subquery().label(label)


async def transitions(
    session: AsyncSession,
    subject: Subject,
    kind: Kind,
    by: Dimension,
    first: tuple[int, int | None],
    second: tuple[int, int | None],
) -> Sequence[tuple[str | None, str | None, int]]:
    """Companies by their state in either period; None where they have no prediction for it."""
    state = Prediction.grade if by is Dimension.GRADE else Prediction.risk_level
    before, after = (
        select(Prediction.company_id, state.label("state"))
        .where(
            own_records(Prediction, subject),
            Prediction.kind == kind.value,
            Prediction.fiscal_year == year,
            Prediction.fiscal_quarter.is_not_distinct_from(quarter),
        )
        .subquery()
        for year, quarter in (first, second)
    )
    statement = (
        select(before.c.state, after.c.state, func.count())
        .select_from(before.join(after, before.c.company_id == after.c.company_id, full=True))
        .group_by(before.c.state, after.c.state)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]
