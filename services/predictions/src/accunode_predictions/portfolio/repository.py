"""The SQL of the portfolio."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Double, FromClause, Integer, Select, and_, cast, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Reach
from accunode_common.http.pagination import SortKey, SortOrder, first_of_groups
from accunode_credit.medians import median_pd
from accunode_credit.models.credit import Company, NewestPrediction, Prediction, PredictionCount
from accunode_credit.records import AnyCaller, by_band, own_records, own_scopes
from accunode_predictions.portfolio.schemas import Dimension
from accunode_scoring import Kind

_TOP = 10
_SHOWN = (
    "company_id",
    "prediction_id",
    "fiscal_year",
    "fiscal_quarter",
    "pd",
    "grade",
    "risk_level",
    "pd_change",
)


_NEWEST = NewestPrediction
_RISKIEST = SortOrder(
    "riskiest", (SortKey(_NEWEST.pd_band, True), SortKey(_NEWEST.pd, True), SortKey(_NEWEST.prediction_id, False))
)
_DETERIORATED = SortOrder("deteriorated", (SortKey(_NEWEST.pd_change, True), SortKey(_NEWEST.prediction_id, False)))
_RECENT = SortOrder("recent", (SortKey(_NEWEST.prediction_id, True),))


async def state(session: AsyncSession, subject: Subject) -> str:
    """Another one whenever the caller's predictions, or the names of their companies, are changed."""
    connection = await session.connection()
    counts = await connection.execute(_state(subject.read_reach), AnyCaller.values(subject))
    return "-".join(map(str, counts.one()))


@lru_cache
def _state(reach: Reach) -> Select[int, int]:
    return select(func.count(), func.max(PredictionCount.id)).where(own_records(PredictionCount, AnyCaller(reach)))


async def overview(session: AsyncSession, subject: Subject, kind: Kind) -> dict[str, Any]:
    """All that the dashboard shows, from what is counted already and the first of some orders."""
    scopes = own_scopes(subject)
    newest = select(_NEWEST).where(_NEWEST.kind == kind)
    return {
        **await _counts(session, subject, kind),
        "median_pd": await session.scalar(median_pd(subject, kind, NewestPrediction)),
        "riskiest": await _top(session, newest, by_band(scopes), _RISKIEST),
        "deteriorated": await _top(session, newest.where(_NEWEST.pd_change > 0), scopes, _DETERIORATED),
        "recent": await _top(session, newest, by_band(scopes), _RECENT),
    }


async def _counts(session: AsyncSession, subject: Subject, kind: Kind) -> dict[str, Any]:
    counts = (
        select(PredictionCount).where(own_records(PredictionCount, subject), PredictionCount.kind == kind).cte("counts")
    )
    newest, every = select().where(counts.c.is_newest), select().where(~counts.c.is_newest)
    number, expected = cast(func.sum(counts.c.predictions), Integer), func.sum(counts.c.pd_sum)
    count, mean_pd = number.label("count"), cast(expected / func.sum(counts.c.predictions), Double).label("mean_pd")
    there_are = func.sum(counts.c.predictions) > 0
    of_level, of_grade, of_sector = (
        newest.add_columns(column, count).group_by(column).having(there_are)
        for column in (counts.c.risk_level, counts.c.grade, counts.c.sector)
    )
    period = (counts.c.fiscal_year, counts.c.fiscal_quarter)
    statement = select(
        every.add_columns(func.coalesce(number, 0)).scalar_subquery().label("predictions"),
        _rows(
            newest.add_columns(
                func.coalesce(number, 0).label("companies"),
                cast(expected / func.nullif(func.sum(counts.c.predictions), 0), Double).label("mean_pd"),
                cast(func.coalesce(expected, 0), Double).label("expected_defaults"),
            ),
            "whole",
        ),
        _rows(of_level, "risk_levels"),
        _rows(of_grade, "grades"),
        _rows(of_sector.add_columns(mean_pd).order_by(count.desc(), counts.c.sector).limit(_TOP), "sectors"),
        _rows(
            every.add_columns(*period, count, mean_pd).group_by(*period).having(there_are).order_by(*period), "trend"
        ),
    )
    found = dict((await session.execute(statement)).one()._mapping)
    return {**found.pop("whole")[0], **found}


async def _top(
    session: AsyncSession, newest: Select[NewestPrediction], groups: FromClause, order: SortOrder
) -> list[dict[str, Any]]:
    company = and_(Company.tenant_id == _NEWEST.tenant_id, Company.id == _NEWEST.company_id)
    columns = (Company.name, Company.symbol, Company.sector)
    statement = first_of_groups(newest, groups, order, _TOP).join(Company, company).add_columns(*columns)
    return [
        {
            **{name: getattr(row[0], name) for name in _SHOWN},
            **{column.key: getattr(row, column.key) for column in columns},
        }
        for row in await session.execute(statement)
    ]


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
            Prediction.kind == kind,
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
