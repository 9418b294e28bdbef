"""Alembic's environment: one transaction, one lock, no waiting behind other sessions' locks."""

from alembic import context
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from accunode_common.models import SCHEMAS

MIGRATION_LOCK = 0x4ACC1


def _include_name(name: str | None, type_: str, _parents: object) -> bool:
    return type_ != "schema" or name in SCHEMAS


def _without_access(_context: MigrationContext, _revision: object, directives: list[ops.MigrationScript]) -> None:
    """Leave a table's `info` out of a generated migration: policies and grants are written as statements."""
    for directive in directives:
        for operations in (directive.upgrade_ops, directive.downgrade_ops):
            for operation in operations.ops if operations else ():
                if isinstance(operation, ops.CreateTableOp):
                    operation.info.clear()
                    operation.kw.pop("info", None)


def _run(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text("SET LOCAL lock_timeout = '4s'"))
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes.get("metadata"),
        include_schemas=True,
        include_name=_include_name,
        compare_server_default=False,
        process_revision_directives=_without_access,
        version_table_schema="public",
        transaction_per_migration=False,
    )
    context.run_migrations()


with context.config.attributes["engine"].begin() as _connection:
    _run(_connection)
