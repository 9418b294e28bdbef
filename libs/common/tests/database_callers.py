"""Transactions as a database role for a caller, as a service begins them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from psycopg import errors as pg

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.people import Caller

Acting = Callable[..., AbstractContextManager[Any]]
PEOPLE_ROLES = (DatabaseRole.AUTH, DatabaseRole.TENANTS)
SET_CONTEXT = "select set_config('app.' || key, value, true) from json_each_text(%s::json)"
ADD_MEMBER = (
    "insert into identity.memberships (tenant_id, id, user_id, organization_id, role) values (%s, %s, %s, %s, %s)"
)


class ActingTransaction:
    def __init__(self, url: str, caller: Caller, **settings: str) -> None:
        self._connection = psycopg.connect(url)
        self._settings = {**caller.subject.access.settings(), **settings}

    def __enter__(self) -> psycopg.Connection:
        self._connection.execute(SET_CONTEXT, [psycopg.types.json.Json(self._settings)])
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def refused(connection: psycopg.Connection, statement: str, parameters: list[Any]) -> bool:
    """Whether a statement changes nothing: it finds no row, or is refused."""
    try:
        with connection.transaction():
            return connection.execute(statement.encode(), parameters).rowcount == 0
    except (pg.InsufficientPrivilege, pg.CheckViolation):
        return True
