"""Keyset pagination: a page continues after the last row's sort values, so that it neither skips nor repeats rows.

sort = Sorting({"name": Company.name_key, "created_at": Company.created_at}, default="-created_at", key=Company.id)

async def list_companies(paging: Paging, order: Annotated[SortOrder, Depends(sort)], session: SubjectSession):
    found = await paginate(session, select(Company).where(...), order, paging)
    return Page[CompanyOut](items=found.rows, next_cursor=found.next_cursor, total=found.total)
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Select, and_, false, func, literal, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from accunode_common.errors import UnprocessableInputError

Row = TypeVar("Row")
SortColumn = ColumnElement[Any] | InstrumentedAttribute[Any]

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

_BIGINT = 2**63


@dataclass(frozen=True, slots=True)
class PageParameters:
    """Which part of a list is asked for."""

    limit: int
    cursor: str | None
    with_total: bool


def _page_parameters(
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="How many items.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the part before.")] = None,
    with_total: Annotated[bool, Query(description="Whether to count the whole list too.")] = False,
) -> PageParameters:
    return PageParameters(limit, cursor, with_total)


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
        columns: What may be sorted by.
        default: The order when none is asked for.
        key: A unique column, which makes every order total; it follows the direction of the column before.
    """

    def __init__(self, columns: Mapping[str, SortColumn], *, default: str, key: SortColumn) -> None:
        self._columns = columns
        self._default = default
        self._key = key

    def __call__(
        self, sort: Annotated[str | None, Query(max_length=100, description="A field, or `-field` to descend.")] = None
    ) -> SortOrder:
        """The order that the request asks for.

        Raises:
            UnprocessableInputError: It is not among the allowed ones.
        """
        name = sort or self._default
        descending = name.startswith("-")
        column = self._columns.get(name.removeprefix("-"))
        if column is None:
            allowed = ", ".join(sorted(self._columns))
            raise UnprocessableInputError.at("/query/sort", "unknown_sort", f"Sort by one of: {allowed}.")
        if column is self._key:
            return SortOrder(name, (SortKey(column, descending),))
        return SortOrder(name, (SortKey(column, descending), SortKey(self._key, descending)))


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


async def paginate(
    session: AsyncSession, statement: Select[Row], order: SortOrder, page: PageParameters
) -> PageOf[Row]:
    """Run `statement`, which selects one entity and has no order of its own, for one page.

    Raises:
        UnprocessableInputError: The cursor is damaged, or belongs to another list.
    """
    total = None
    if page.with_total:
        total = await session.scalar(select(func.count()).select_from(statement.order_by(None).subquery()))
    list_name = _list_name(statement, order)
    query = statement
    if page.cursor is not None:
        query = query.where(_after(order.keys, _decode(page.cursor, list_name, order.keys)))
    columns = [key.column.label(f"page_key_{number}") for number, key in enumerate(order.keys)]
    directions = [key.column.desc() if key.descending else key.column.asc() for key in order.keys]
    keyed: Select[Any] = query.add_columns(*columns).order_by(*directions)
    found = (await session.execute(keyed.limit(page.limit + 1))).all()
    rows: Sequence[Any] = found[: page.limit]
    more = len(found) > page.limit
    values = [rows[-1][len(rows[-1]) - len(order.keys) + number] for number in range(len(order.keys))] if more else []
    return PageOf(
        rows=[row[0] for row in rows],
        next_cursor=_encode(list_name, values) if more else None,
        total=total,
    )


def _list_name(statement: Select[Any], order: SortOrder) -> str:
    """Tells lists apart: a cursor fits only the filters and the order that it came from."""
    compiled = statement.compile()
    text = repr((str(compiled), sorted((k, str(v)) for k, v in compiled.params.items()), order.name))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _after(keys: Sequence[SortKey], values: Sequence[Any]) -> ColumnElement[bool]:
    descending = {key.descending for key in keys}
    if len(descending) == 1:
        columns = tuple_(*(key.column for key in keys))
        bound = tuple_(*(literal(value, key.column.type) for key, value in zip(keys, values, strict=True)))
        return columns < bound if descending.pop() else columns > bound
    alternatives: list[ColumnElement[bool]] = []
    equal: ColumnElement[bool] = true()
    for key, value in zip(keys, values, strict=True):
        beyond = key.column < value if key.descending else key.column > value
        alternatives.append(and_(equal, beyond))
        equal = and_(equal, key.column == value)
    return or_(false(), *alternatives)


def _encode(list_name: str, values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else _plain(value) for value in values]
    text = json.dumps([_seal(list_name, plain), *plain], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _seal(list_name: str, plain: Sequence[Any]) -> str:
    """Binds the values to their list and to each other: who alters one by hand is told so."""
    return hashlib.sha256(json.dumps([list_name, *plain]).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _decode(cursor: str, list_name: str, keys: Sequence[SortKey]) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        _, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if len(values) != len(keys):
            raise ValueError("another list's cursor")
        typed = [_typed(key.column, value) for key, value in zip(keys, values, strict=True)]
        # There is one way to write a cursor: another was altered.
        if _encode(list_name, typed) != cursor or any(map(_unstorable, typed)):
            raise ValueError("another list's cursor")
        return typed
    except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError, RecursionError, NotImplementedError):
        raise UnprocessableInputError.at(
            "/query/cursor", "invalid_cursor", "The cursor does not belong to this list; begin again without one."
        ) from None


def _unstorable(value: Any) -> bool:
    """Whether PostgreSQL would not take the value, so that it is of no cursor that was given out."""
    if isinstance(value, str):
        return "\0" in value or (not value.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in value))
    if isinstance(value, int):
        return not -_BIGINT <= value < _BIGINT
    return isinstance(value, float) and not math.isfinite(value)


def _typed(column: SortColumn, value: Any) -> Any:
    kind = column.type.python_type
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if kind in (int, float) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return kind(value)
    if isinstance(value, kind):
        return value
    return kind(value)
