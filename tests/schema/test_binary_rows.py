"""Rows come from PostgreSQL in binary form: every type that a column has reads as it does from text."""

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from accunode_common.db.access import DatabaseRole
from accunode_common.db.session import AccessContext, Database
from accunode_common.settings import DatabaseSettings
from accunode_common.testing.plugin import SettingsFactory
from accunode_credit.models import metadata

VALUES = {
    "BIGINT": ("-9223372036854775808", "0", "9223372036854775807"),
    "BOOLEAN": ("true", "false"),
    "BYTEA": ("", r"\x00ff5c"),
    "DATE": ("0001-01-01", "2024-02-29", "9999-12-31"),
    "DOUBLE PRECISION": ("0.1", "-0", "1e-300", "5e-324", "1.7976931348623157e308", "0.0014767647616348639"),
    "INET": ("192.0.2.1", "2001:db8::1", "192.0.2.0/24"),
    "INT4MULTIRANGE": ("{}", "{[1,4),[7,9)}", "{[5,)}"),
    "INTEGER": ("-2147483648", "2147483647"),
    "JSONB": ("null", '{"a": [1, 2.50, "é", null], "b": {}}', "[]"),
    "NUMERIC": ("0", "-12.3400", "123456789012345678901234567890.123456789", "0.00000000001"),
    "NUMERIC(20, 2)": ("1250000000.00", "0.10", "0"),
    "SMALLINT": ("-32768", "32767"),
    "SMALLINT[]": ("{}", "{1,-2,300}"),
    "TEXT": ("", "Köln \u2028 \\ \" '"),
    "TEXT[]": ("{}", '{a,"b c",NULL,""}'),
    "TIMESTAMP WITH TIME ZONE": (
        "2026-11-27 03:50:36.582639+02",
        "0001-01-01 00:00:00Z",
        "9999-12-31 23:59:59.999999Z",
    ),
    "UUID": ("01a21b20-615b-70ff-8d1c-c1b6763419e8",),
}


def test_a_value_of_every_type_that_a_column_has_is_tried() -> None:
    types = {column.type.compile(postgresql.dialect()) for table in metadata.tables.values() for column in table.c}
    assert types == VALUES.keys()


@pytest.mark.parametrize("type_name", VALUES)
async def test_a_value_reads_the_same_in_binary_form_as_in_text(make_settings: SettingsFactory, type_name: str) -> None:
    database = Database(make_settings(DatabaseSettings, DatabaseRole.TENANTS), "test")
    try:
        async with database.transaction(AccessContext()) as session:
            for value in (*VALUES[type_name], None):
                binary = await session.scalar(text(f"select cast(:value as {type_name})"), {"value": value})
                connection = await session.connection()
                literal = "null" if value is None else f"""'{value.replace("'", "''")}'"""
                plain = await connection.exec_driver_sql(
                    f"select cast({literal} as {type_name})", execution_options={"no_parameters": True}
                )
                read = plain.scalar_one()
                assert (repr(binary), binary) == (repr(read), read)
    finally:
        await database.close()


async def test_rows_do_come_in_binary_form(make_settings: SettingsFactory) -> None:
    database = Database(make_settings(DatabaseSettings, DatabaseRole.TENANTS), "test")
    try:
        async with database.transaction(AccessContext()) as session:
            connection = await session.connection()
            found = await connection.execute(text("select cast(:number as integer)"), {"number": 1})
            assert found.context.cursor._cursor.pgresult.fformat(0) == 1  # type: ignore[attr-defined]
    finally:
        await database.close()
