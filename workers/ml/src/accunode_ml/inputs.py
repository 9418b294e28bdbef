"""The domain's columns of `credit.predictions p` as SQL text, for statements that are written by hand."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from accunode_credit import columns, newest
from accunode_credit.models.credit import Prediction
from accunode_scoring import Kind

_DIALECT = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
_P = aliased(Prediction, name="p")


def input_columns(kind: Kind) -> str:
    """The columns to select: what was scored, each under its name."""
    return ", ".join(f"{_text(column)} as {column.key}" for column in columns.select_inputs(kind, _P))


def kept_version(kind: Kind) -> str:
    """What an earlier version keeps."""
    return _text(columns.kept_version(kind, _P))


def newest_first() -> str:
    """What a company's predictions are ordered by, the newest first."""
    return ", ".join(_text(column) for column in newest.newest_first(_P))


def _text(expression: ColumnElement[Any]) -> str:
    return str(expression.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))
