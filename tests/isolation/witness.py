"""Notes every row that is written, in whatever table, so that a test can say that nothing was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from accunode_credit.models import metadata

_SETUP = """
CREATE SCHEMA witness;
CREATE UNLOGGED TABLE witness.changes (relation text, operation text, content jsonb);
CREATE FUNCTION witness.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = witness AS $$
BEGIN
    INSERT INTO witness.changes VALUES (TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, TG_OP, to_jsonb(coalesce(NEW, OLD)));
    RETURN NULL;
END $$;
"""
_TRIGGER = "CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION witness.note()"


@dataclass(frozen=True)
class Change:
    """A row that was written.

    Attributes:
        relation: The table with its schema.
        operation: What was done.
        content: The row as it is, or was.
    """

    relation: str
    operation: str
    content: dict[str, Any]

    @property
    def tenant_id(self) -> str | None:
        """Whose row it is."""
        name = "id" if self.relation == "tenancy.tenants" else "tenant_id"
        return self.content.get(name)

    def __str__(self) -> str:
        return f"{self.operation} {self.relation}"


class Witness:
    """Tells what was written and committed since it was asked last."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def changes(self) -> list[Change]:
        """The rows written since."""
        rows = self._connection.execute("DELETE FROM witness.changes RETURNING *").fetchall()
        return [Change(*row) for row in rows]


@contextmanager
def witnessing(connection: psycopg.Connection) -> Iterator[Witness]:
    """Have every table of the models watched by a trigger, until the end."""
    connection.execute(_SETUP)
    tables = [sql.Identifier(table.schema or "public", table.name) for table in metadata.tables.values()]
    for table in tables:
        connection.execute(sql.SQL(_TRIGGER).format(table))
    try:
        yield Witness(connection)
    finally:
        connection.execute("DROP SCHEMA witness CASCADE")
