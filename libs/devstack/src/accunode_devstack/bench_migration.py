"""Measures the migration that marks the newest predictions and counts them, on a filled database of its own."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy.engine import make_url

from accunode_common import migrations
from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.db.bootstrap import bootstrap, role_url
from accunode_devstack.throwaway import throwaway_postgres

BEFORE, AFTER = "0019", "0020"
STATEMENT_ROWS = 20_000
_REPEATS = 3
_DATABASE = "bench_migration"

_COMPANIES = """
    insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name, name_key, sector)
    select o.tenant_id, uuidv7(), 'organization', o.id, u.id, 'c' || g, 'c' || g, 'Sector ' || g %% 11
    from tenancy.organizations o, identity.users u, generate_series(%(first)s::int, %(last)s::int) g
"""
_PREDICTIONS = """
    insert into credit.predictions (tenant_id, id, access_level, organization_id, created_by, company_id, kind,
        fiscal_year, long_term_debt_to_total_capital, total_debt_to_ebitda, net_income_margin,
        ebit_to_interest_expense, return_on_assets, model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm,
        pd_low, pd_high, grade, risk_level, reason_codes, flags)
    select c.tenant_id, uuidv7(), c.access_level, c.organization_id, c.created_by, c.id, 'annual', %(year)s, r, r * 9,
        r, r * 5, r, '1.0.0', r / 9, r / 5, r / 4, r, r, 0, 1, 'G' || (r * 15)::int,
        (array['LOW', 'MEDIUM', 'HIGH'])[1 + (r * 2)::int], array['LEVERAGE', 'COVERAGE', 'PROFITABILITY', 'LIQUIDITY'],
        array['missing:sga_margin']
    from credit.companies c, lateral (select random() as r where c.id is not null) r
    where substr(c.name_key, 2)::int between %(first)s and %(last)s order by c.id
"""
_PEOPLE = (
    "insert into tenancy.tenants (id, name, slug) values (gen_random_uuid(), 'Bench', 'bench')",
    """
    insert into tenancy.organizations (tenant_id, id, name, name_key)
    select id, gen_random_uuid(), 'Bench', 'bench' from tenancy.tenants where slug = 'bench'
    """,
    """
    insert into identity.users (id, email, email_key, status)
    values (gen_random_uuid(), 'bench@bank.example', 'bench@bank.example', 'active')
    """,
)


@dataclass(frozen=True)
class Written:
    """What predictions cost: microseconds for each inserted one, and bytes of table and indexes for each stored one.

    `first` is a company's first prediction, `later` one of the year after the newest, `earlier` of a year before.
    """

    first: float
    later: float
    earlier: float
    table_bytes: float
    index_bytes: float


@dataclass(frozen=True)
class MigrationTimes:
    """How long the migration of `rows` predictions took, and what they cost before and after it."""

    rows: int
    seconds: float
    before: Written
    after: Written


def measure_migration(rows: int) -> MigrationTimes:
    """Fill a database of the revision before, migrate it and write to it, before and after.

    What is written before counts as migrated too.
    """
    with _database() as (admin_url, migrator_url), psycopg.connect(admin_url, autocommit=True) as connection:
        migrations.upgrade(migrator_url, BEFORE)
        for statement in _PEOPLE:
            connection.execute(statement)
        # One in five has two years, so that there is something to mark.
        companies = rows * 4 // 5
        _add(connection, 0, companies - 1, 2023)
        connection.execute(_PREDICTIONS, {"first": 0, "last": rows - companies - 1, "year": 2022})
        connection.execute("vacuum analyze")
        before = _written(connection, companies)
        connection.execute("vacuum analyze")
        rows += 3 * _REPEATS * STATEMENT_ROWS
        begun = time.perf_counter()
        migrations.upgrade(migrator_url, AFTER)
        seconds = time.perf_counter() - begun
        connection.execute("vacuum analyze")
        return MigrationTimes(rows, seconds, before, _written(connection, companies + STATEMENT_ROWS * _REPEATS))


def _add(connection: psycopg.Connection, first: int, last: int, year: int) -> None:
    connection.execute(_COMPANIES, {"first": first, "last": last})
    connection.execute(_PREDICTIONS, {"first": first, "last": last, "year": year})


def _written(connection: psycopg.Connection, companies: int) -> Written:
    sizes = connection.execute(
        "select pg_table_size(t)::float8 / n, pg_indexes_size(t)::float8 / n"
        " from (select 'credit.predictions'::regclass, count(*) from credit.predictions) s (t, n)"
    ).fetchone()
    assert sizes is not None
    firsts = [companies + STATEMENT_ROWS * number for number in range(_REPEATS)]
    connection.execute(_COMPANIES, {"first": firsts[0], "last": firsts[-1] + STATEMENT_ROWS - 1})
    connection.execute("analyze credit.companies")
    times = [min(_insert(connection, first, year) for first in firsts) for year in (2023, 2024, 2021)]
    return Written(*times, *sizes)


def _insert(connection: psycopg.Connection, first: int, year: int) -> float:
    """Insert one statement's predictions, one a company; microseconds for each, without finding the companies."""
    values = {"first": first, "last": first + STATEMENT_ROWS - 1, "year": year}
    explained = connection.execute(f"explain (analyze, format json) {_PREDICTIONS}", values).fetchone()
    assert explained is not None
    report = explained[0][0]
    plan = report["Plan"]
    return float(1000 * (report["Execution Time"] - plan["Plans"][0]["Actual Total Time"]) / STATEMENT_ROWS)


@contextmanager
def _database() -> Iterator[tuple[str, str]]:
    passwords = {role.value: secrets.token_urlsafe(18) for role in LOGIN_ROLES}
    with throwaway_postgres() as server:
        bootstrap(server.admin_url, _DATABASE, passwords)
        admin = make_url(server.admin_url).set(drivername="postgresql", database=_DATABASE)
        migrator = role_url(server.admin_url, _DATABASE, DatabaseRole.MIGRATOR, passwords[DatabaseRole.MIGRATOR])
        yield admin.render_as_string(hide_password=False), migrator
