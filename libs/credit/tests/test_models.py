"""Tables of the credit domain, as the API names their rows."""

from uuid import UUID

import pytest
from sqlalchemy import Table, create_engine, literal, select

from accunode_common.db.base import resource_by_id
from accunode_credit.models import metadata
from accunode_scoring import Kind

SOME_ID = UUID("01939d7e-0000-7000-8000-000000000001")
TABLES_WITH_A_KIND = [
    table for table in metadata.tables.values() if table.schema in ("bulk", "credit", "registry") and "kind" in table.c
]


@pytest.mark.parametrize(
    ("resource_type", "table"),
    [
        ("company", "credit.companies"),
        ("prediction", "credit.predictions"),
        ("outcome", "credit.outcomes"),
        ("job", "bulk.jobs"),
        ("bulk_upload", "bulk.jobs"),
    ],
)
def test_a_record_is_found_by_the_name_that_the_api_gives_it(resource_type: str, table: str) -> None:
    query = resource_by_id(resource_type, SOME_ID)
    assert query is not None
    assert query.get_final_froms() == [metadata.tables[table]]


@pytest.mark.parametrize("resource_type", ["user", None, ""])
def test_other_names_find_no_record(resource_type: str | None) -> None:
    assert resource_by_id(resource_type, SOME_ID) is None


@pytest.mark.parametrize("table", TABLES_WITH_A_KIND, ids=str)
@pytest.mark.parametrize("stored", ["annual", None])
def test_every_table_of_the_domain_gives_its_kind_as_the_enumeration(table: Table, stored: str | None) -> None:
    with create_engine("sqlite://").connect() as connection:
        given = connection.scalar(select(literal(stored, table.c.kind.type)))
    assert given is (None if stored is None else Kind(stored))
