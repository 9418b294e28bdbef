"""Rows given by the caller as a table of a statement: one parameter for each column, however many rows there are."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import column, func, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

Column = tuple[TypeEngine[Any], Sequence[Any]]


def given_rows(columns: Mapping[str, Column]) -> TableValuedAlias:
    """A table with these columns, each given by its type and its values."""
    arrays = [literal(list(values), ARRAY(kind)) for kind, values in columns.values()]
    names = [column(name, kind) for name, (kind, _) in columns.items()]
    return func.unnest(*arrays).table_valued(*names, name="given").render_derived()
