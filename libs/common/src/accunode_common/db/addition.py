"""Rows that are added one at a time, each unless there is one like it."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import FetchedValue, inspect
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.db.base import Base

RowT = TypeVar("RowT", bound=Base)


class Addition(Generic[RowT]):
    """Adds rows of a table by one statement that is built once, which the session would take as long again to send.

    Args:
        model: The table's class.
    """

    def __init__(self, model: type[RowT]) -> None:
        mapper = inspect(model)
        self._model = model
        self._columns = {attribute.key: attribute.columns[0].key for attribute in mapper.column_attrs}
        made = [
            column for column in mapper.columns if column.primary_key or isinstance(column.server_default, FetchedValue)
        ]
        self._made = [mapper.get_property_by_column(column).key for column in made]
        self._statement = insert(model).on_conflict_do_nothing().returning(*made)

    async def add(self, session: AsyncSession, values: Mapping[str, Any]) -> RowT | None:
        """A new row, as an object that no session holds, or None if there is one like it.

        Args:
            session: Where it is added.
            values: By attribute; what is left out has the table's default.
        """
        connection = await session.connection()
        sent = {self._columns[name]: value for name, value in values.items()}
        row = (await connection.execute(self._statement, sent)).one_or_none()
        return None if row is None else self._model(**{**values, **dict(zip(self._made, row, strict=True))})
