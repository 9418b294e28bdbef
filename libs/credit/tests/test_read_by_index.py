"""What is read from indexes alone, past the policies of rows, is what its caller sees of the rows."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.rows import scalar_row

from accunode_common.db.access import SERVICE_ROLES, DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import Caller, World

COMPANY = """
    insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name, name_key)
    values (%s, %s, %s, %s, %s, %s, %s)
"""
PREDICTION = """
    insert into credit.predictions (tenant_id, id, access_level, organization_id, created_by, company_id, kind,
        fiscal_year, model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm, pd_low, pd_high, grade, risk_level)
    select tenant_id, uuidv7(), access_level, organization_id, created_by, id, 'annual', 2024, 'v1', %s, 1, 1, 0.1, 0.1,
        0, 1, 'B', 'HIGH'
    from credit.companies where id = %s
"""
CALLERS: dict[str, Callable[[World], Caller]] = {
    "super admin": lambda world: world.super_admin,
    "tenant admin": lambda world: world.one.tenant_admin,
    "organization admin": lambda world: world.one.org_admin,
    "member": lambda world: world.one.org_member,
    "colleague": lambda world: world.one.other_member,
    "outsider": lambda world: world.one.outsider,
    "other tenant": lambda world: world.two.tenant_admin,
    "nobody's": lambda world: world.user,
}


@pytest.fixture
def filled(superuser: psycopg.Connection, world: World) -> World:
    """A company with a prediction of every owner."""
    owners = [
        (caller.tenant_id, level, caller.subject.organization_id if level == "organization" else None, caller.user_id)
        for caller in (*world.callers(), world.one.other_member, world.one.outsider)
        for level in ("personal", "organization")
        if level == "personal" or caller.subject.organization_id is not None
    ]
    owners.append((PLATFORM_TENANT_ID, "system", None, world.super_admin.user_id))
    for number, (tenant, level, organization, person) in enumerate(owners):
        made = new_id()
        name = f"acme {made}"
        superuser.execute(COMPANY, [tenant, made, level, organization, person, name, name])
        superuser.execute(PREDICTION, [0.05 + number / 1000, made])
    return world


@pytest.fixture
def connection(test_database: TestDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(test_database.url(DatabaseRole.PREDICTIONS)) as connection:
        yield connection


def speak_as(connection: psycopg.Connection, caller: Caller) -> None:
    for name, value in caller.subject.access.settings().items():
        connection.execute("select set_config(%s, %s, true)", [f"app.{name}", value])


@pytest.mark.parametrize("shares", [False, True], ids=["sharing is off", "sharing is on"])
@pytest.mark.parametrize("name", CALLERS)
def test_what_indexes_give_is_what_the_caller_sees(
    superuser: psycopg.Connection, connection: psycopg.Connection, filled: World, name: str, shares: bool
) -> None:
    caller = CALLERS[name](filled)
    superuser.execute(
        "update tenancy.organizations set global_data_access = %s where tenant_id = %s", [shares, caller.tenant_id]
    )
    speak_as(connection, caller)
    cursor = connection.cursor(row_factory=scalar_row)

    seen = set(cursor.execute("select id from credit.companies where name_key like 'acme %'").fetchall())
    assert set(cursor.execute("select unnest(credit.find_companies('{ac}', '{}', 100000))").fetchall()) == seen
    assert len(seen) > 0

    every = "select coalesce(array_agg(distinct scope_id), '{}') from credit.companies"
    scopes = superuser.execute(every).fetchone()
    count = cursor.execute("select credit.count_companies(%s)", scopes).fetchone()
    assert count == cursor.execute("select count(*) from credit.companies").fetchone()

    for newest, table in ((False, "predictions"), (True, "newest_predictions")):
        values = cursor.execute("select credit.probabilities('annual', %s, 0, 100)", [newest]).fetchall()
        own = f"select pd from credit.{table} where access_level <> 'system' and kind = 'annual'"
        assert sorted(values) == sorted(cursor.execute(own).fetchall())
        assert values


def test_nobody_is_shown_nothing(connection: psycopg.Connection, filled: World) -> None:
    cursor = connection.cursor(row_factory=scalar_row)
    assert cursor.execute("select unnest(credit.find_companies('{ac}', '{}', 100000))").fetchall() == []
    assert cursor.execute("select credit.probabilities('annual', false, 0, 100)").fetchall() == []


def test_only_the_predictions_service_calls_them(superuser: psycopg.Connection) -> None:
    cursor = superuser.cursor(row_factory=scalar_row)
    for function in (
        "find_companies(text[], text[], bigint)",
        "count_companies(uuid[])",
        "probabilities(text, boolean, integer, integer)",
    ):
        may = "select rolname from pg_roles where rolname = any(%s) and has_function_privilege(rolname, %s, 'EXECUTE')"
        callers = cursor.execute(may, [[role.value for role in SERVICE_ROLES], f"credit.{function}"]).fetchall()
        assert callers == [DatabaseRole.PREDICTIONS.value], function


ORGANIZATION = "insert into tenancy.organizations (tenant_id, id, name, name_key) values (%s, %s, %s, %s)"


def test_a_search_over_many_organizations_walks_the_index_for_sets_of_them(
    superuser: psycopg.Connection, connection: psycopg.Connection, world: World
) -> None:
    admin, made = world.one.tenant_admin, []
    for number in range(200):
        organization, company = new_id(), new_id()
        superuser.execute(ORGANIZATION, [admin.tenant_id, organization, f"o {number}", f"o {number}"])
        name = f"quixotic steel {number}"
        values = [admin.tenant_id, company, "organization", organization, admin.user_id, name, name]
        superuser.execute(COMPANY, values)
        made.append(company)
    superuser.execute("analyze credit.companies")
    speak_as(connection, admin)
    cursor = connection.cursor(row_factory=scalar_row)
    scopes = len(cursor.execute("select id from tenancy.organizations").fetchall()) + 2

    assert set(cursor.execute("select unnest(credit.find_companies('{quix}', '{}', 1000))").fetchall()) == set(made)
    assert cursor.execute("select credit.find_companies('{quix}', '{}', 199)").fetchall() == [None]
    scans = "select pg_stat_get_xact_numscans('credit.ix_companies_words'::regclass)"
    [walks] = cursor.execute(scans).fetchall()
    assert scopes // 64 < walks < scopes / 10
