"""How PostgreSQL runs what lists of a filled database send to it: no list reads a whole table."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.applications import Running

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.statements import sent_statements
from accunode_credit.bands import BANDS
from accunode_devstack.seeding import Owner, add_companies, add_predictions
from accunode_scoring import Kind

COMPANIES = 20_000
FILLED = {"companies", "predictions", "newest_predictions"}
LISTS = [
    "/companies",
    "/companies?access_level=personal",
    "/companies?sort=name",
    "/companies?access_level=organization&sort=-name",
    "/predictions/annual",
    "/predictions/annual?access_level=personal",
    "/predictions/annual/system",
    "/predictions/annual?with_total=true&risk_level=HIGH&fiscal_year=2023",
    "/predictions/annual?risk_level=CRITICAL",
    "/predictions/annual?sort=pd&risk_level=CRITICAL",
    "/predictions/annual?sort=-pd",
    "/companies/outcomes",
    "/companies?risk_level=HIGH",
    "/companies?risk_level=CRITICAL&sort=name",
    "/companies?sector=Sector%203&sort=name",
    "/companies?search=corp",
    "/companies?search=corp%2017",
    "/companies?search=orp%2017&sort=name",
    "/companies?with_total=true",
    "/predictions/stats",
    "/portfolio/dashboard",
]


@pytest.fixture
def filled(superuser: psycopg.Connection, world: World, world_maker: WorldMaker) -> World:
    """An organization of many companies, some of which have two years, and a person of few."""
    own = world.one.org_member
    superuser.execute(
        "truncate credit.companies, credit.predictions, credit.prediction_counts, credit.newest_predictions,"
        " credit.pd_counts cascade"
    )
    for other in (world.two, *(world_maker.tenant("other") for _ in range(30))):
        # Few rows of many owners must not have the planner expect few rows of each.
        add_companies(superuser, Owner(other.id, other.org_member.user_id, other.organization_id), range(2))
    for owner, number in (
        (Owner(own.tenant_id, own.user_id, world.one.organization_id), COMPANIES),
        (Owner(own.tenant_id, own.user_id), 100),
    ):
        add_companies(superuser, owner, range(number))
        add_predictions(superuser, owner, range(number), [2023])
        add_predictions(superuser, owner, range(number // 10), [2022])
    superuser.execute("analyze credit.companies, credit.predictions, credit.newest_predictions")
    return world


def tables_read_whole(database: TestDatabase, caller: Caller, statements: list[tuple[str, Any]]) -> set[str]:
    """The tables that the plans of these statements read from one end to the other."""
    with psycopg.connect(database.url(DatabaseRole.PREDICTIONS)) as connection:
        for name, value in caller.subject.access.settings().items():
            connection.execute("select set_config(%s, %s, true)", [f"app.{name}", value])
        queries = [each for each in statements if each[0].startswith(("SELECT", "WITH"))]
        plans = [connection.execute(f"explain (format json) {text}", values).fetchone() for text, values in queries]
    assert plans
    return {node["Relation Name"] for plan in plans if plan for node in sequential_scans(plan[0][0]["Plan"])}


def sequential_scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if plan["Node Type"] == "Seq Scan":
        yield plan
    for inner in plan.get("Plans", []):
        yield from sequential_scans(inner)


async def test_no_list_reads_a_whole_table(services: list[Running], test_database: TestDatabase, filled: World) -> None:
    service = next(each for each in services if each.application.service.name == "predictions")
    for caller in (filled.one.org_member, filled.one.tenant_admin):
        client = service.client.as_(caller)
        for path in LISTS:
            with sent_statements() as sent:
                reply = await client.get(f"/api/v1{path}")
            assert reply.status_code == 200, reply.text
            assert not tables_read_whole(test_database, caller, sent) & FILLED, path


def test_no_function_that_reads_indexes_reads_a_whole_table(test_database: TestDatabase, filled: World) -> None:
    with psycopg.connect(test_database.url(DatabaseRole.PREDICTIONS)) as connection:
        for name, value in filled.one.org_member.subject.access.settings().items():
            connection.execute("select set_config(%s, %s, true)", [f"app.{name}", value])
        connection.execute("select credit.find_companies('{17}', '{}', 100)")
        for newest in (False, True):
            values = [Kind.ANNUAL.value, newest, BANDS.stop - 16, BANDS.stop - 16]
            connection.execute("select credit.probabilities(%s, %s, %s, %s)", values)
        read = connection.execute("select relname, seq_scan, idx_scan from pg_stat_xact_user_tables").fetchall()
    assert {name for name, whole, _ in read if whole} & FILLED == set()
    assert {name for name, _, by_index in read if by_index} >= FILLED
