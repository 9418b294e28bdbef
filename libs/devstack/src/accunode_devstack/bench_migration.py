"""Measures the migration that gives the newest predictions a table of their own, on a filled database of its own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy.engine import make_url

from accunode_common import migrations
from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.db.bootstrap import bootstrap, role_url
from accunode_common.ids import new_id
from accunode_common.new_secrets import new_password
from accunode_devstack.seeding import Owner, add_companies, add_predictions, explain_predictions
from accunode_devstack.throwaway import throwaway_postgres

BEFORE, AFTER = "0021", "0022"
STATEMENT_ROWS = 20_000
_REPEATS = 3
_DATABASE = "bench_migration"

_PEOPLE = (
    ("insert into tenancy.tenants (id, name, slug) values (%s, 'Bench', 'bench')", ("tenant_id",)),
    (
        "insert into tenancy.organizations (tenant_id, id, name, name_key) values (%s, %s, 'Bench', 'bench')",
        ("tenant_id", "organization_id"),
    ),
    (
        "insert into identity.users (id, email, email_key, status) values (%s, 'bench', 'bench', 'active')",
        ("user_id",),
    ),
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
        owner = Owner(tenant_id=new_id(), user_id=new_id(), organization_id=new_id())
        for statement, names in _PEOPLE:
            connection.execute(statement, [getattr(owner, name) for name in names])
        # One in five has two years, so that there is something to choose.
        companies = rows * 4 // 5
        add_companies(connection, owner, range(companies))
        add_predictions(connection, owner, range(companies), [2023])
        add_predictions(connection, owner, range(rows - companies), [2022])
        connection.execute("vacuum analyze")
        before = _written(connection, owner, companies)
        connection.execute("vacuum analyze")
        rows += 3 * _REPEATS * STATEMENT_ROWS
        begun = time.perf_counter()
        migrations.upgrade(migrator_url, AFTER)
        seconds = time.perf_counter() - begun
        connection.execute("vacuum analyze")
        return MigrationTimes(rows, seconds, before, _written(connection, owner, companies + STATEMENT_ROWS * _REPEATS))


def _written(connection: psycopg.Connection, owner: Owner, companies: int) -> Written:
    sizes = connection.execute(
        "select pg_table_size(t)::float8 / n, pg_indexes_size(t)::float8 / n"
        " from (select 'credit.predictions'::regclass, count(*) from credit.predictions) s (t, n)"
    ).fetchone()
    assert sizes is not None
    each = [range(companies + STATEMENT_ROWS * n, companies + STATEMENT_ROWS * (n + 1)) for n in range(_REPEATS)]
    add_companies(connection, owner, range(each[0].start, each[-1].stop))
    connection.execute("analyze credit.companies")
    times = [
        min(explain_predictions(connection, owner, numbers, year) for numbers in each) for year in (2023, 2024, 2021)
    ]
    return Written(*times, *sizes)


@contextmanager
def _database() -> Iterator[tuple[str, str]]:
    passwords = {role.value: new_password() for role in LOGIN_ROLES}
    with throwaway_postgres() as server:
        bootstrap(server.admin_url, _DATABASE, passwords)
        admin = make_url(server.admin_url).set(drivername="postgresql", database=_DATABASE)
        migrator = role_url(server.admin_url, _DATABASE, DatabaseRole.MIGRATOR, passwords[DatabaseRole.MIGRATOR])
        yield admin.render_as_string(hide_password=False), migrator
