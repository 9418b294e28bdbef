"""The driver's cursors, with what SQLAlchemy asks of each result made only as far as it is read."""

from collections.abc import Sequence
from typing import Any, Self, overload

from psycopg import AsyncCursor, Column, Cursor
from psycopg.abc import Params
from psycopg.pq import ExecStatus


class Columns(Sequence[Column]):
    """The columns of a result. The driver makes an object of each, which SQLAlchemy reads once for each statement."""

    def __init__(self, cursor: "Cursor[Any] | AsyncCursor[Any]", count: int) -> None:
        self._cursor = cursor
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Column: ...
    @overload
    def __getitem__(self, index: slice) -> list[Column]: ...
    def __getitem__(self, index: int | slice) -> Column | list[Column]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return Column(self._cursor, index % self._count)


class RequestCursor(AsyncCursor[Any]):
    """For API processes, whose results are small and many.

    It has PostgreSQL send rows in its binary form: reading numbers and times from text takes twice as long.
    """

    async def execute(self, query: Any, params: Params | None = None, **options: Any) -> Self:
        """Run a statement; several in one text, which have no parameters, come as text."""
        return await super().execute(query, params, **{"binary": params is not None, **options})

    @property
    def description(self) -> Sequence[Column] | None:  # type: ignore[override]
        """The columns of the result; None where there is none."""
        result = self.pgresult
        if result is None or not (result.nfields or result.status == ExecStatus.TUPLES_OK):
            return None
        return Columns(self, result.nfields)
