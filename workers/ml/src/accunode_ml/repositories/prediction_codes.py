"""`credit.predictions` whose reason codes and flags are in words, as the release before wrote them."""

from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import class_row

_NUMBER = "select last_tenant as tenant_id, last as id, numbered from credit.number_codes(%s, %s, %s)"


class Numbered(NamedTuple):
    """How far all predictions were gone through, by their key, and how many of these were given numbers."""

    tenant_id: UUID
    id: UUID
    numbered: int


START = Numbered(UUID(int=0), UUID(int=0), 0)


def number_next(connection: psycopg.Connection, after: Numbered, *, most: int) -> Numbered | None:
    """Number the codes of the next predictions; None at the end.

    Rows that somebody holds are passed over, and those with a code that has no number.
    """
    with connection.cursor(row_factory=class_row(Numbered)) as cursor:
        return cursor.execute(_NUMBER, [after.tenant_id, after.id, most]).fetchone()
