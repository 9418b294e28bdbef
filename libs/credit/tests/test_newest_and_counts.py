"""Which prediction is newest, and how many there are, after any changes in any order and at the same time."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql

from accunode_common.db.access import DatabaseRole
from accunode_common.ids import new_id
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import Caller, World
from accunode_credit.models.credit import Prediction
from accunode_credit.newest import newest_first

NEWEST = """
    select company_id, kind, access_level, scope_id, prediction_id, fiscal_year, fiscal_quarter, pd, pd_band, pd_change,
        grade, risk_level
    from credit.newest_predictions
"""
FIRST_OF = (Prediction.company_id, Prediction.kind)
CHANGE = Prediction.pd - func.lead(Prediction.pd).over(partition_by=FIRST_OF, order_by=newest_first())
NEWEST_BY_ALL_ROWS = str(
    select(*FIRST_OF, Prediction.access_level, Prediction.scope_id, Prediction.id, Prediction.fiscal_year)
    .add_columns(Prediction.fiscal_quarter, Prediction.pd, Prediction.pd_band, CHANGE)
    .add_columns(Prediction.grade, Prediction.risk_level)
    .ext(postgresql.distinct_on(*FIRST_OF))
    .order_by(*FIRST_OF, *newest_first())
    .compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
)
"""By the order that lists, exports and jobs go by: the database must have chosen the same."""
COUNTS = """
    select tenant_id, access_level, scope_id, kind, fiscal_year, fiscal_quarter, sector, risk_level, grade, is_newest,
        sum(predictions), sum(pd_sum)
    from credit.prediction_counts group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    having sum(predictions) <> 0 or sum(pd_sum) <> 0
"""
COUNTS_BY_ALL_ROWS = """
    select p.tenant_id, p.access_level, p.scope_id, p.kind, p.fiscal_year, p.fiscal_quarter, sector, p.risk_level,
        p.grade, is_newest, count(*), sum(p.pd::numeric)
    from credit.predictions p
    join credit.companies c on c.tenant_id = p.tenant_id and c.id = p.company_id
    left join credit.newest_predictions n on n.tenant_id = p.tenant_id and n.prediction_id = p.id
    cross join lateral (select false union all select true where n.kind is not null) k (is_newest)
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
"""
BANDS = """
    select tenant_id, access_level, scope_id, kind, is_newest, pd_band, sum(predictions)
    from credit.pd_counts group by 1, 2, 3, 4, 5, 6 having sum(predictions) <> 0
"""
BANDS_BY_ALL_ROWS = """
    select tenant_id, access_level, scope_id, kind, false, pd_band, count(*) from credit.predictions
    group by 1, 2, 3, 4, 6
    union all
    select tenant_id, access_level, scope_id, kind, true, pd_band, count(*) from credit.newest_predictions
    group by 1, 2, 3, 4, 6
"""
ADD = """
    insert into credit.predictions (tenant_id, id, access_level, created_by, company_id, kind, fiscal_year,
        fiscal_quarter, model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm, pd_low, pd_high, grade, risk_level,
        reason_codes, flags)
    select %(tenant)s, gen_random_uuid(), 'personal', %(owner)s, p.company_id, p.kind, p.fiscal_year,
        case p.kind when 'quarterly' then p.fiscal_quarter end, 'v1', p.pd, 1, 1, 0.1, 0.1, 0, 1, 'B',
        'HIGH', '{}', '{}'
    from unnest(%(companies)s::uuid[], %(kinds)s::text[], %(years)s::smallint[], %(quarters)s::smallint[],
        %(pds)s::float8[]) p (company_id, kind, fiscal_year, fiscal_quarter, pd)
    where exists (select 1 from credit.companies c where c.id = p.company_id for key share)
    on conflict do nothing
"""
WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
PERIODS = st.tuples(
    st.integers(0, 3),
    st.sampled_from(["annual", "quarterly"]),
    st.integers(2018, 2021),
    st.integers(1, 4),
    st.floats(0.0001, 0.9),
)
CHANGES = st.one_of(
    st.tuples(st.just("add"), st.lists(PERIODS, min_size=1, max_size=6)),
    st.tuples(st.sampled_from(["delete", "score", "delete several", "score several"]), PERIODS),
    st.tuples(st.sampled_from(["sector", "delete company"]), st.tuples(st.integers(0, 3), st.sampled_from("AB"))),
)


class Portfolio:
    """Four companies of one person."""

    def __init__(self, connection: psycopg.Connection, owner: Caller) -> None:
        self.owner = owner
        self.companies = [new_id() for _ in range(4)]
        for company in self.companies:
            self.make(connection, company)

    def make(self, connection: psycopg.Connection, company: UUID) -> None:
        connection.execute(
            "insert into credit.companies (tenant_id, id, access_level, created_by, name, name_key)"
            " values (%s, %s, 'personal', %s, %s, %s) on conflict do nothing",
            [self.owner.tenant_id, company, self.owner.user_id, str(company), str(company)],
        )

    def add(self, connection: psycopg.Connection, *periods: tuple[int, str, int, int, float]) -> None:
        values = zip(*periods, strict=True)
        names = ("companies", "kinds", "years", "quarters", "pds")
        rows = dict(zip(names, map(list, values), strict=True))
        rows["companies"] = [self.companies[place] for place in rows["companies"]]
        connection.execute(ADD, {**rows, "tenant": self.owner.tenant_id, "owner": self.owner.user_id})

    def change(self, connection: psycopg.Connection, what: str, how: object) -> None:
        match what, how:
            case "add", [*periods]:
                self.add(connection, *periods)
            case (("delete" | "score" | "delete several" | "score several"), (place, kind, year, quarter, pd)):
                verb = "delete from credit.predictions"
                if what.startswith("score"):
                    verb = f"update credit.predictions set pd = {pd:.17f}, pd_2y = 1, pd_3y = 1, grade = 'C{quarter}'"
                few = " and kind = %s and fiscal_year = %s and coalesce(fiscal_quarter, %s) = %s"
                many = " and fiscal_year >= %s"
                keys = [year] if "several" in what else [kind, year, quarter, quarter]
                connection.execute(
                    verb + " where company_id = %s" + (many if "several" in what else few),
                    [self.companies[place], *keys],
                )
            case "sector", (place, sector):
                connection.execute(
                    "update credit.companies set sector = %s where id = %s", [sector, self.companies[place]]
                )
            case "delete company", (place, _):
                connection.execute("delete from credit.companies where id = %s", [self.companies[place]])
                self.make(connection, self.companies[place])


def check(connection: psycopg.Connection) -> None:
    for kept, counted in ((NEWEST, NEWEST_BY_ALL_ROWS), (COUNTS, COUNTS_BY_ALL_ROWS), (BANDS, BANDS_BY_ALL_ROWS)):
        assert sorted(connection.execute(kept).fetchall(), key=str) == sorted(
            connection.execute(counted).fetchall(), key=str
        )


@pytest.fixture
def portfolio(superuser: psycopg.Connection, world: World) -> Iterator[Portfolio]:
    made = Portfolio(superuser, world.one.org_member)
    yield made
    superuser.execute("delete from credit.companies where id = any(%s)", [made.companies])
    check(superuser)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(CHANGES, max_size=12))
def test_after_any_changes_the_newest_and_the_counts_are_those_of_all_rows(
    superuser: psycopg.Connection, portfolio: Portfolio, changes: list[tuple[str, object]]
) -> None:
    for what, how in changes:
        portfolio.change(superuser, what, how)
    check(superuser)


def test_changes_at_the_same_time_leave_the_newest_and_the_counts_of_all_rows(
    test_database: TestDatabase, superuser: psycopg.Connection, portfolio: Portfolio
) -> None:
    def work(seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(test_database.admin_url) as connection:
            for _ in range(60):
                attempt(connection, lambda c: one_change(c, portfolio, chance))

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    check(superuser)


def test_who_deletes_a_prediction_waits_for_who_adds_one_of_its_company_and_then_sees_it(
    test_database: TestDatabase, superuser: psycopg.Connection, portfolio: Portfolio
) -> None:
    """The added one is neither the newest nor the one before it, until the other is deleted."""
    portfolio.add(superuser, (0, "annual", 2023, 1, 0.5), (0, "annual", 2022, 1, 0.25))
    with psycopg.connect(test_database.admin_url) as first, ThreadPoolExecutor(1) as other:
        portfolio.add(first, (0, "annual", 2020, 1, 0.125))
        deleted = other.submit(portfolio.change, superuser, "delete", (0, "annual", 2022, 1, 0.25))
        wait_for(first, deleted)
        first.commit()
        deleted.result(10)
    check(superuser)


def test_what_is_added_while_all_others_are_deleted_is_the_newest(
    test_database: TestDatabase, superuser: psycopg.Connection, portfolio: Portfolio
) -> None:
    """Who adds finds a newest prediction, which is gone when it is chosen anew."""
    portfolio.add(superuser, (0, "annual", 2023, 1, 0.5))
    with (
        psycopg.connect(test_database.admin_url) as holder,
        psycopg.connect(test_database.admin_url, autocommit=True) as deleting,
        psycopg.connect(test_database.admin_url, autocommit=True) as adding,
        ThreadPoolExecutor(2) as others,
    ):
        holder.execute(
            "select from credit.newest_predictions where company_id = %s for update", portfolio.companies[:1]
        )
        deleted = others.submit(portfolio.change, deleting, "delete", (0, "annual", 2023, 1, 0.5))
        wait_for_waiting(superuser, 1)
        added = others.submit(portfolio.add, adding, (0, "annual", 2021, 1, 0.25))
        wait_for_waiting(superuser, 2)
        holder.rollback()
        deleted.result(10)
        added.result(10)
    check(superuser)


def wait_for_waiting(connection: psycopg.Connection, number: int) -> None:
    """Until so many statements wait for a lock."""
    while connection.execute(WAITING).fetchone() != (number,):
        connection.execute("select pg_stat_clear_snapshot(), pg_sleep(0.01)")


def attempt(connection: psycopg.Connection, change: Callable[[psycopg.Connection], None]) -> None:
    """One transaction of three changes; of two that wait for each other, PostgreSQL ends one."""
    try:
        with connection.transaction():
            for _ in range(3):
                change(connection)
    except psycopg.errors.DeadlockDetected:
        pass


def one_change(connection: psycopg.Connection, portfolio: Portfolio, chance: random.Random) -> None:
    period = (
        chance.randrange(4),
        chance.choice(["annual", "quarterly"]),
        chance.randint(2018, 2021),
        chance.randint(1, 4),
        chance.uniform(0.0001, 0.9),
    )
    what = chance.choice(["add", "add", "add", "delete", "score", "delete several", "score several", "sector"])
    if what == "add":
        portfolio.change(connection, what, [period, (period[0], period[1], 2022 - chance.randint(0, 4), 1, 0.5)])
    elif what == "sector":
        portfolio.change(connection, what, (period[0], chance.choice("AB")))
    else:
        portfolio.change(connection, what, period)


def test_a_repair_finds_and_mends_counts_that_differ(
    test_database: TestDatabase, superuser: psycopg.Connection, portfolio: Portfolio
) -> None:
    portfolio.add(superuser, (0, "annual", 2020, 1, 0.25), (1, "annual", 2020, 1, 0.5))
    for table in ("prediction_counts", "pd_counts"):
        superuser.execute(f"delete from credit.{table} where id = (select max(id) from credit.{table})")
    with psycopg.connect(test_database.url(DatabaseRole.RELAY), autocommit=True) as relay:
        assert relay.execute("select credit.repair_counts()").fetchone() == (2,)
        assert relay.execute("select credit.repair_counts()").fetchone() == (0,)
    check(superuser)


@pytest.mark.parametrize("role", [DatabaseRole.PREDICTIONS, DatabaseRole.WORKER])
@pytest.mark.parametrize("column", ["fiscal_year", "fiscal_quarter", "kind"])
def test_no_code_moves_a_prediction_to_another_period(
    test_database: TestDatabase, role: DatabaseRole, column: str
) -> None:
    with psycopg.connect(test_database.url(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"update credit.predictions set {column} = default")


def test_who_adds_a_prediction_of_a_company_that_is_being_deleted_waits_and_is_refused(
    test_database: TestDatabase, superuser: psycopg.Connection, portfolio: Portfolio
) -> None:
    with psycopg.connect(test_database.admin_url) as first, ThreadPoolExecutor(1) as other:
        first.execute("delete from credit.companies where id = %s", [portfolio.companies[0]])
        added = other.submit(add_unguarded, superuser, portfolio.owner, portfolio.companies[0])
        wait_for(first, added)
        first.commit()
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            added.result(10)
    check(superuser)


def test_who_deletes_a_company_waits_for_who_adds_a_prediction_and_deletes_that_too(
    test_database: TestDatabase, superuser: psycopg.Connection, portfolio: Portfolio
) -> None:
    company = portfolio.companies[0]
    with psycopg.connect(test_database.admin_url) as first, ThreadPoolExecutor(1) as other:
        add_unguarded(first, portfolio.owner, company)
        deleted = other.submit(superuser.execute, "delete from credit.companies where id = %s", [company])
        wait_for(first, deleted)
        first.commit()
        deleted.result(10)
    stored = "select count(*) from credit.predictions where company_id = %s"
    assert superuser.execute(stored, [company]).fetchone() == (0,)
    check(superuser)


def test_no_prediction_is_added_without_its_company(superuser: psycopg.Connection, portfolio: Portfolio) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        add_unguarded(superuser, portfolio.owner, portfolio.companies[0], new_id())


@pytest.mark.parametrize("role", [DatabaseRole.PREDICTIONS, DatabaseRole.WORKER])
def test_nobody_adds_a_prediction_to_the_company_of_another_owner(
    test_database: TestDatabase, portfolio: Portfolio, world: World, role: DatabaseRole
) -> None:
    colleague = world.one.other_member
    with psycopg.connect(test_database.url(role)) as connection:
        for name, value in colleague.subject.access.settings().items():
            connection.execute("select set_config(%s, %s, false)", [f"app.{name}", value])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            add_unguarded(connection, colleague, portfolio.companies[0])


def add_unguarded(connection: psycopg.Connection, owner: Caller, *companies: UUID) -> None:
    """A prediction of each company by somebody who has not looked whether it is there."""
    guard = "where exists (select 1 from credit.companies c where c.id = p.company_id for key share)"
    assert guard in ADD
    number = len(companies)
    values = {"kinds": ["annual"] * number, "years": [2023] * number, "quarters": [1] * number, "pds": [0.5] * number}
    owners = {"tenant": owner.tenant_id, "owner": owner.user_id, "companies": list(companies)}
    connection.execute(ADD.replace(guard, ""), {**values, **owners})


def wait_for(connection: psycopg.Connection, other: Future[Any]) -> None:
    """Until what runs beside this transaction waits for it."""
    while not other.done() and connection.execute(WAITING).fetchone() == (0,):
        connection.execute("select pg_stat_clear_snapshot(), pg_sleep(0.01)")
