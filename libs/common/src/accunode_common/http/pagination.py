"""Keyset pagination: a page continues after the last row's sort values, so that it neither skips nor repeats rows.

sort = Sorting({"name": Company.name_key, "created_at": Company.created_at}, default="-created_at", key=Company.id)

async def list_companies(paging: Paging, order: Annotated[SortOrder, Depends(sort)], session: SubjectSession):
    found = await paginate(session, select(Company).where(...), order, paging)
    return PageReply(found.showing([CompanyOut.model_validate(company) for company in found.rows]))

A list of what several owners have is none that an index gives in order. `groups` names what makes one: a list of each
group is read up to the limit, and these are merged. Groups that the order begins with, such as bands of what is sorted
by, are read one after the other, until the page is full.

What few rows have is found by an index, and what many have among any of them. With `ahead` a page is taken from the
first rows of each group, and only where these do not fill it from the statement that asks the index.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    false,
    func,
    inspect,
    literal,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from accunode_common.errors import UnprocessableInputError
from accunode_common.http.cursors import SortColumn, decode, encode
from accunode_common.http.page_columns import Columns

Row = TypeVar("Row")
Item = TypeVar("Item")

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

_ROWS = "page_rows"
_START = "page_start_{}"
"""The bound parameters of a page."""

Rows = int | ColumnElement[int]

_NO_FILTERS = frozenset({"limit", "cursor", "with_total", "sort"})


@dataclass(frozen=True, slots=True)
class PageParameters:
    """Which part of which list is asked for.

    Attributes:
        limit: How many items.
        cursor: Where the part begins; None for the list's beginning.
        with_total: Whether to count the whole list too.
        list_name: The list's path and filters, which a cursor belongs to.
    """

    limit: int
    cursor: str | None
    with_total: bool
    list_name: str

    def of_part(self, name: str) -> "PageParameters":
        """The same of another list that the request can mean, which has cursors of its own."""
        return replace(self, list_name=f"{self.list_name} {name}")

    def goes_on(self, order: "SortOrder") -> bool:
        """Whether its cursor is one of this list."""
        try:
            return _start(self, order) is not None
        except UnprocessableInputError:
            return False


async def _page_parameters(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="How many items.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the part before.")] = None,
    with_total: Annotated[bool, Query(description="Whether to count the whole list too.")] = False,
) -> PageParameters:
    return PageParameters(limit, cursor, with_total, _list_name(request))


def _list_name(request: Request) -> str:
    filters = [given for given in request.query_params.multi_items() if given[0] not in _NO_FILTERS]
    return repr((request.scope["path"], sorted(filters)))


Paging = Annotated[PageParameters, Depends(_page_parameters)]


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column of an order. It must not be null in any row: wrap nullable columns in `coalesce`."""

    column: SortColumn
    descending: bool


@dataclass(frozen=True, slots=True)
class SortOrder:
    """An order that no two rows share, and its name in the request."""

    name: str
    keys: tuple[SortKey, ...]


class Sorting:
    """The dependency for `?sort=`: `name` ascends, `-name` descends.

    Args:
        columns: What may be sorted by, each a column or several, of which the earlier go before.
        default: The order when none is asked for.
        key: A unique column, which makes every order total; it follows the direction of the column before.
    """

    def __init__(
        self, columns: Mapping[str, SortColumn | tuple[SortColumn, ...]], *, default: str, key: SortColumn
    ) -> None:
        self._columns = columns
        self._default = default
        self._key = key

    async def __call__(
        self, sort: Annotated[str | None, Query(max_length=100, description="A field, or `-field` to descend.")] = None
    ) -> SortOrder:
        """The order that the request asks for.

        Raises:
            UnprocessableInputError: It is not among the allowed ones.
        """
        name = sort or self._default
        descending = name.startswith("-")
        found = self._columns.get(name.removeprefix("-"))
        if found is None:
            allowed = ", ".join(sorted(self._columns))
            raise UnprocessableInputError.at("/query/sort", "unknown_sort", f"Sort by one of: {allowed}.")
        columns = found if isinstance(found, tuple) else (found,)
        with_key = columns if columns[-1] is self._key else (*columns, self._key)
        return SortOrder(name, tuple(SortKey(column, descending) for column in with_key))


@dataclass(frozen=True, slots=True)
class PageOf(Generic[Row]):
    """Rows of one page.

    Attributes:
        rows: At most `limit` of them.
        next_cursor: Where the next page begins; None at the end.
        total: How many rows the whole list has, if that was asked.
    """

    rows: Sequence[Row]
    next_cursor: str | None
    total: int | None

    def showing(self, items: Sequence[Item]) -> "PageOf[Item]":
        """The page with these items, one for each row."""
        return PageOf(items, self.next_cursor, self.total)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A list as those of other rows that meet a condition.

    Attributes:
        among: Selects the rows.
        groups: Their groups, as `paginate` takes them.
        condition: Makes the condition, for an alias of the list's entity.
        rows: How many are read of all groups together, but of each more than a page has.
    """

    among: Select[Any]
    groups: FromClause
    condition: Callable[[Any], ColumnElement[bool]]
    rows: int


async def paginate(
    session: AsyncSession,
    statement: Select[Row] | Callable[[], Awaitable[Select[Row]]],
    order: SortOrder,
    page: PageParameters,
    *,
    groups: FromClause | None = None,
    counted: Select[int] | None = None,
    ahead: Ahead | None = None,
    columns: Columns | None = None,
    values: Mapping[str, Any] | None = None,
) -> PageOf[Any]:
    """Run `statement`, which selects one entity and has no order of its own, for one page.

    Args:
        session: Where it runs.
        statement: What the list holds, but for the groups; or what makes it, when it is needed.
        order: Its order.
        page: Which part of it.
        groups: The list holds the rows that have the same values as one of these rows, in the columns of these names.
        counted: Selects how many rows the whole list has, where that is known without counting them.
        ahead: The same list, where its rows may be many of all that its groups have.
        columns: What is read of each entity, if not all of it; the page's rows are then mappings of these.
        values: Those of the bound parameters, where `statement` and `groups` are the same objects for many requests:
            what is made of them is then kept for the next one, which only sends other values.

    Raises:
        UnprocessableInputError: The cursor is damaged, or belongs to another list.
    """

    async def run(keyed: Select[Any]) -> Sequence[Any]:
        # The session has nothing to do with columns, and would take as long as reading them.
        reader = session if columns is None else await session.connection()
        read: Sequence[Any] = (await reader.execute(keyed, sent)).all()
        return read

    start, rows = _start(page, order), page.limit + 1
    sent = {**(values or {}), _ROWS: rows, **{_START.format(place): value for place, value in enumerate(start or ())}}
    found: Sequence[Any] = []
    if ahead is not None:
        first = _first_ahead(ahead, order, rows, start)
        found = await run(first if columns is None else columns.of(first))
    total = await session.scalar(counted, sent) if page.with_total and counted is not None else None
    if not found or (page.with_total and counted is None):
        listed = statement if isinstance(statement, Select) else await statement()
        if page.with_total and counted is None:
            whole = listed if groups is None else _in_groups(listed, groups)
            total = await session.scalar(select(func.count()).select_from(whole.order_by(None).subquery()), sent)
        if not found:
            made = _of_part if values is None else _kept
            found = await run(made(listed, groups, order, columns, goes_on=start is not None))
    shown: Sequence[Any] = found[: page.limit]
    more = len(found) > page.limit
    return PageOf(
        rows=[row[0] for row in shown] if columns is None else columns.mappings(shown),
        next_cursor=encode(_ordered(page, order), shown[-1][-len(order.keys) :]) if more else None,
        total=total,
    )


def _of_part(
    statement: Select[Any], groups: FromClause | None, order: SortOrder, columns: Columns | None, *, goes_on: bool
) -> Select[Any]:
    """The statement of a part of a list; how many rows, and where it goes on, are bound parameters."""
    rows = bindparam(_ROWS, type_=Integer)
    after = [bindparam(_START.format(place), type_=key.column.type) for place, key in enumerate(order.keys)]
    start = after if goes_on else None
    keyed = (
        _page(statement, order, rows, start)
        if groups is None
        else first_of_groups(statement, groups, order, rows, start)
    )
    return keyed if columns is None else columns.of(keyed)


_kept = lru_cache(maxsize=256)(_of_part)


def _start(page: PageParameters, order: SortOrder) -> Sequence[Any] | None:
    columns = [key.column for key in order.keys]
    return None if page.cursor is None else decode(page.cursor, _ordered(page, order), columns)


def _ordered(page: PageParameters, order: SortOrder) -> str:
    """The list that a cursor belongs to."""
    return f"{page.list_name} {order.name}"


def _page(statement: Select[Any], order: SortOrder, rows: Rows, start: Sequence[Any] | None) -> Select[Any]:
    """So many rows of the list, with the values that it is ordered by at the end of each row."""
    columns = [_value(key.column, name) for name, key in _names(order)]
    keyed = statement.add_columns(*columns).order_by(*_directions(order)).limit(rows)
    return keyed if start is None else keyed.where(_after(order.keys, start))


def first_of_groups(
    statement: Select[Any], groups: FromClause, order: SortOrder, rows: Rows, start: Sequence[Any] | None = None
) -> Select[Any]:
    """So many rows of a list of groups, with the values that it is ordered by at the end of each row.

    As many are read of each group, and only the keys of those that are not among the first.
    """
    entity = statement.column_descriptions[0]["entity"]
    identity = inspect(entity).primary_key
    first = str(order.keys[0].column.key)
    if in_turn := first in groups.c:
        groups = _in_turn(groups, order.keys[0], start)
    ids = [_value(column, str(column.key)) for column in identity]
    each = _in_groups(statement, groups).with_only_columns(*ids, maintain_column_froms=True)
    of_group = _page(each, order, rows, start).lateral("of_group")
    # The planner learns that no later group comes before, and stops when the page is full.
    known = {"page_key_0": groups.c[first]} if in_turn else {}
    return _of_page(entity, _merged(groups, of_group, order, rows, known).subquery("page"), order)


def _first_ahead(ahead: Ahead, order: SortOrder, rows: int, start: Sequence[Any] | None) -> Select[Any]:
    """The same from the first rows of each group; nothing where one has to be read beyond these.

    The last row that is read of a group comes along as a mark, whether it meets the condition or not: what stands
    before any mark is the beginning of the whole list.
    """
    entity = ahead.among.column_descriptions[0]["entity"]
    place = func.row_number().over(order_by=_directions(order)).label("place")
    owners = select(func.count()).select_from(ahead.groups.alias("owners")).scalar_subquery()
    share = func.greatest(rows + 1, literal(ahead.rows) // func.greatest(owners, 1))
    first = _page(_in_groups(ahead.among, ahead.groups), order, share, start).add_columns(place)
    read = first.correlate(ahead.groups).subquery("ahead")
    mark = read.c.place == share
    keys = {name: read.c[name] for name, _ in _names(order)}
    of_group = (
        select(*(read.c[column.key] for column in inspect(entity).primary_key), *keys.values(), mark.label("mark"))
        .where(or_(ahead.condition(aliased(entity, read)), mark))
        .order_by(*_directions(order, keys))
        .limit(rows)
        .lateral("of_group")
    )
    merged = _merged(ahead.groups, of_group, order, rows).subquery("merged")
    marked = select(merged, func.bool_or(merged.c.mark).over().label("marked")).subquery("marked")
    return _of_page(entity, select(marked).where(~marked.c.marked).subquery("page"), order)


def _merged(
    groups: FromClause,
    of_group: FromClause,
    order: SortOrder,
    rows: Rows,
    known: Mapping[str, ColumnElement[Any]] = MappingProxyType({}),
) -> Select[Any]:
    """So many rows of the groups' lists, in their order; some of its keys are `known` from the group."""
    keys = {name: known.get(name, of_group.c[name]) for name, _ in _names(order)}
    return select(of_group).select_from(groups.join(of_group, true())).order_by(*_directions(order, keys)).limit(rows)


def _of_page(entity: Any, page: FromClause, order: SortOrder) -> Select[Any]:
    """The rows of a page that has their ids and keys, with the keys at the end of each row."""
    keys = {name: page.c[name] for name, _ in _names(order)}
    same = and_(*(column == page.c[column.key] for column in inspect(entity).primary_key))
    return select(entity, *keys.values()).join(page, same).order_by(*_directions(order, keys))


def _value(column: SortColumn, name: str) -> ColumnElement[Any]:
    """The value of a column under that name: a column would be copied with its keys from subquery to subquery."""
    return type_coerce(column, column.type).label(name)


def _in_turn(groups: FromClause, key: SortKey, start: Sequence[Any] | None) -> FromClause:
    """The groups in the order of the list, from the one where the page starts."""
    column = groups.c[str(key.column.key)]
    ordered = select(groups).order_by(column.desc() if key.descending else column.asc())
    if start is not None:
        ordered = ordered.where(column <= start[0] if key.descending else column >= start[0])
    return ordered.subquery("groups")


def _in_groups(statement: Select[Any], groups: FromClause) -> Select[Any]:
    entity = statement.column_descriptions[0]["entity"]
    return statement.where(*(getattr(entity, column.name) == column for column in groups.c))


def _names(order: SortOrder) -> list[tuple[str, SortKey]]:
    return [(f"page_key_{number}", key) for number, key in enumerate(order.keys)]


def _directions(order: SortOrder, columns: Mapping[str, ColumnElement[Any]] | None = None) -> list[ColumnElement[Any]]:
    placed = [(key.column if columns is None else columns[name], key.descending) for name, key in _names(order)]
    return [column.desc() if descending else column.asc() for column, descending in placed]


def _bound(value: Any, column: SortColumn) -> BindParameter[Any]:
    return value if isinstance(value, BindParameter) else literal(value, column.type)


def _after(keys: Sequence[SortKey], values: Sequence[Any]) -> ColumnElement[bool]:
    descending = {key.descending for key in keys}
    if len(descending) == 1:
        columns = tuple_(*(key.column for key in keys))
        bound = tuple_(*(_bound(value, key.column) for key, value in zip(keys, values, strict=True)))
        return columns < bound if descending.pop() else columns > bound
    alternatives: list[ColumnElement[bool]] = []
    equal: ColumnElement[bool] = true()
    for key, value in zip(keys, values, strict=True):
        beyond = key.column < value if key.descending else key.column > value
        alternatives.append(and_(equal, beyond))
        equal = and_(equal, key.column == value)
    return or_(false(), *alternatives)
