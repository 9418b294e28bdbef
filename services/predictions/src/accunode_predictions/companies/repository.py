"""The SQL of companies."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.db.addition import Addition
from accunode_common.db.session import Reach
from accunode_common.http.page_columns import Columns
from accunode_common.http.pagination import Ahead, PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.columns import AccessLevel
from accunode_common.names import clean_symbol, name_key
from accunode_credit.companies import CompanyReference, candidates
from accunode_credit.models.credit import Company, NewestPrediction, Outcome, Prediction
from accunode_credit.name_search import NameSearch
from accunode_credit.newest import is_newest_of_kinds, newest_first, oldest_first
from accunode_credit.records import AnyCaller, tenants_of, visible_records, visible_scopes
from accunode_predictions.companies.filters import CompanyFilters
from accunode_predictions.companies.schemas import CompanyDescription, LatestPrediction
from accunode_scoring import Kind, RiskLevel

_EVERY = select(Company)
_LISTED = Columns((*(getattr(Company, name) for name in CompanyDescription.model_fields), Company.tenant_id))

_LOOKED_AT = 5000
_MANY = 2000
"""So many names with the same words are found sooner in the order of the list than by their words."""


def _listing(filters: CompanyFilters) -> Select[Company]:
    """What passes the filters but for the search, each found by an index."""
    statement = select(Company)
    if filters.symbol is not None:
        statement = statement.where(Company.symbol == clean_symbol(filters.symbol))
    if filters.sector is not None:
        statement = statement.where(Company.sector == filters.sector)
    if filters.risk_level is not None:
        newest = and_(NewestPrediction.tenant_id == Company.tenant_id, NewestPrediction.company_id == Company.id)
        statement = statement.join(NewestPrediction, newest).where(
            # The owners are the same: said once more, it lets the index by level serve.
            NewestPrediction.scope_id == Company.scope_id,
            NewestPrediction.risk_level == RiskLevel(filters.risk_level),
            is_newest_of_kinds(),
        )
    return statement


def _ahead(
    filters: CompanyFilters, scopes: FromClause, named: Callable[[Any], ColumnElement[bool]] | None = None
) -> Ahead:
    """The same list by looking at one company after the other."""

    def condition(company: Any) -> ColumnElement[bool]:
        conditions = [] if named is None else [named(company)]
        if filters.symbol is not None:
            conditions.append(company.symbol == clean_symbol(filters.symbol))
        if filters.sector is not None:
            conditions.append(company.sector == filters.sector)
        if filters.risk_level is not None:
            about = (NewestPrediction.tenant_id == company.tenant_id, NewestPrediction.company_id == company.id)
            level = select(NewestPrediction.risk_level).where(*about).order_by(*newest_first(NewestPrediction)).limit(1)
            conditions.append(level.scalar_subquery() == RiskLevel(filters.risk_level))
        return and_(*conditions)

    # For a level another table is asked of each.
    rows = _LOOKED_AT if filters.risk_level is None else min(_LOOKED_AT, 2000)
    return Ahead(select(Company), scopes, condition, rows)


async def page(
    session: AsyncSession, subject: Subject, filters: CompanyFilters, order: SortOrder, paging: PageParameters
) -> PageOf[dict[str, Any]]:
    """The caller's visible companies: what `CompanyOut` says, in its order, but for predictions; and their tenants."""
    if filters.search is not None:
        return await _found(session, subject, filters, filters.search, order, paging)
    if filters.model_dump(exclude_none=True).keys() <= {"access_level"}:
        scopes = _of_any_caller(subject.read_reach, filters.access_level)
        counted = _counted(scopes) if paging.with_total else None
        values = AnyCaller.values(subject)
        return await paginate(
            session, _EVERY, order, paging, groups=scopes, counted=counted, columns=_LISTED, values=values
        )
    scopes = visible_scopes(subject, filters.access_level)
    # Those of a level an index has as they were made, and those of a sector of all owners together.
    by_name = order.keys[0].column is Company.name_key
    sifted = filters.sector is not None or (filters.risk_level is not None and by_name)
    return await paginate(
        session,
        _listing(filters),
        order,
        paging,
        groups=scopes,
        ahead=_ahead(filters, scopes) if sifted else None,
        columns=_LISTED,
    )


@lru_cache(maxsize=32)
def _of_any_caller(reach: Reach, level: AccessLevel | None) -> FromClause:
    """The scopes that a caller of that reach sees."""
    return visible_scopes(AnyCaller(reach), level)


async def _found(
    session: AsyncSession,
    subject: Subject,
    filters: CompanyFilters,
    text: str,
    order: SortOrder,
    paging: PageParameters,
) -> PageOf[dict[str, Any]]:
    """The companies whose names have words that begin as those of `text`; if there is none, those that contain it."""
    scopes = visible_scopes(subject, filters.access_level)
    search, anywhere = NameSearch.of(text), paging.of_part("anywhere")

    async def by_words() -> Select[Company]:
        ids = await session.scalar(search.found(_MANY))
        if ids is None:
            return _listing(filters).where(search.matches(Company))
        found = literal(ids, ARRAY(Uuid))
        return _listing(filters).where(Company.tenant_id.in_(tenants_of(subject)), Company.id == any_(found))

    if search.words and not anywhere.goes_on(order):
        ahead = _ahead(filters, scopes, search.matches)
        page = await paginate(session, by_words, order, paging, groups=scopes, ahead=ahead, columns=_LISTED)
        if page.rows or paging.cursor is not None:
            return page
    containing = _listing(filters).where(func.strpos(Company.name_key, name_key(text)) > 0)
    return await paginate(session, containing, order, anywhere, groups=scopes, columns=_LISTED)


def _counted(scopes: FromClause) -> Select[int]:
    """How many companies their owners have, without reading them."""
    owners = select(func.array_agg(scopes.c.scope_id)).scalar_subquery()
    return select(func.credit.count_companies(owners, type_=BigInteger))


_NEWEST = (
    select(Prediction.company_id, *(getattr(Prediction, name) for name in LatestPrediction.model_fields))
    .join(
        NewestPrediction,
        and_(NewestPrediction.tenant_id == Prediction.tenant_id, NewestPrediction.prediction_id == Prediction.id),
    )
    .where(
        NewestPrediction.tenant_id == any_(bindparam("tenant_ids", type_=ARRAY(Uuid))),
        NewestPrediction.company_id == any_(bindparam("company_ids", type_=ARRAY(Uuid))),
    )
)


async def newest_predictions(
    session: AsyncSession, tenant_ids: Iterable[UUID], company_ids: Iterable[UUID]
) -> dict[UUID, dict[Kind, dict[str, Any]]]:
    """The newest prediction of each company and kind: what `LatestPrediction` says, in its order, but for the card."""
    connection = await session.connection()
    found = await connection.execute(_NEWEST, {"tenant_ids": [*set(tenant_ids)], "company_ids": [*set(company_ids)]})
    newest: dict[UUID, dict[Kind, dict[str, Any]]] = {}
    for company_id, *shown in found:
        latest = dict(zip(LatestPrediction.model_fields, shown, strict=True))
        newest.setdefault(company_id, {})[latest["kind"]] = latest
    return newest


async def by_symbol(session: AsyncSession, subject: Subject, symbol: str, level: AccessLevel | None) -> Company | None:
    """The company of that symbol: personal before organization before system, and the oldest of several."""
    nearest = case({AccessLevel.PERSONAL: 0, AccessLevel.ORGANIZATION: 1}, value=Company.access_level, else_=2)
    found: Company | None = await session.scalar(
        select(Company)
        .where(visible_records(Company, subject, level), Company.symbol == clean_symbol(symbol))
        .order_by(nearest, Company.id)
        .limit(1)
    )
    return found


async def in_scope(
    session: AsyncSession, tenant_id: UUID, scope_id: UUID, references: Iterable[CompanyReference]
) -> Sequence[Company]:
    """The companies of one scope that one of the references can mean."""
    statement, values = candidates(tenant_id, scope_id, references)
    return (await session.scalars(statement, values)).all()


_ADDITION = Addition(Company)


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Company | None:
    """A new company, or None if its scope has one of that name or symbol."""
    return await _ADDITION.add(session, values)


async def change(session: AsyncSession, company: Company, values: Mapping[str, Any]) -> Company:
    """The company with other values and the next version.

    Raises:
        IntegrityError: Its scope has another company of that name or symbol; the transaction goes on.
    """
    async with session.begin_nested():
        changed = await session.scalars(
            update(Company)
            .where(Company.tenant_id == company.tenant_id, Company.id == company.id)
            .values(**values, version=Company.version + 1, updated_at=func.now())
            .returning(Company)
            .execution_options(populate_existing=True)
        )
    return changed.one()


async def remove(session: AsyncSession, company: Company) -> None:
    """Delete the company with its predictions, their versions and its outcomes."""
    await session.execute(delete(Company).where(Company.tenant_id == company.tenant_id, Company.id == company.id))


async def records_of_others(session: AsyncSession, company: Company) -> dict[str, int]:
    """How many of each kind of record about the company the caller may not delete; the others are locked."""
    found = {}
    for named, model in (("prediction", Prediction), ("outcome", Outcome)):
        about = (model.tenant_id == company.tenant_id, model.company_id == company.id)
        locked = (await session.scalars(select(model.id).where(*about).with_for_update())).all()
        seen = await session.scalar(select(func.count()).select_from(model).where(*about))
        found[named] = (seen or 0) - len(locked)
    return found


async def predictions_of(session: AsyncSession, company: Company) -> Sequence[Prediction]:
    """Every prediction of a company, oldest period first."""
    found = await session.scalars(
        select(Prediction)
        .where(Prediction.tenant_id == company.tenant_id, Prediction.company_id == company.id)
        .order_by(*oldest_first())
    )
    return found.all()
