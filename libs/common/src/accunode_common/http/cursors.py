"""Cursors of lists: the values of a page's last row, sealed to the list that they belong to."""

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from accunode_common.errors import UnprocessableInputError

SortColumn = ColumnElement[Any] | InstrumentedAttribute[Any]

_BIGINT = 2**63


def encode(list_name: str, values: Sequence[Any]) -> str:
    """The cursor to the rows of a list after the one of these values."""
    plain = [value.isoformat() if isinstance(value, datetime) else _plain(value) for value in values]
    text = json.dumps([_seal(list_name, plain), *plain], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _seal(list_name: str, plain: Sequence[Any]) -> str:
    """Binds the values to their list and to each other: who alters one by hand is told so."""
    return hashlib.sha256(json.dumps([list_name, *plain]).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def decode(cursor: str, list_name: str, columns: Sequence[SortColumn]) -> list[Any]:
    """The values that a cursor was made of.

    Raises:
        UnprocessableInputError: The cursor is damaged, or belongs to another list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        _, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if len(values) != len(columns):
            raise ValueError("another list's cursor")
        typed = [_typed(column, value) for column, value in zip(columns, values, strict=True)]
        # There is one way to write a cursor: another was altered.
        if encode(list_name, typed) != cursor or any(map(_unstorable, typed)):
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
