"""Migrations run up, down and up again, say when the models drift, and never wait long for a lock."""

import json
import threading
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError

from accunode_common import migrations
from accunode_common.db.access import LOGIN_ROLES, DatabaseRole
from accunode_common.db.bootstrap import role_url
from accunode_common.emails import email_key
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.migrations import __main__ as command_line
from accunode_common.names import name_key
from accunode_common.testing.database import DatabaseTemplate, TestDatabase, migrated_template
from accunode_credit.models import SCHEMAS, metadata
from accunode_devstack.throwaway import throwaway_postgres

MIGRATION_LOCK = 0x4ACC1


@pytest.fixture(scope="module")
def own_server() -> Iterator[str]:
    """A server of its own, as bootstrapping another database resets the roles' passwords."""
    with throwaway_postgres() as server:
        yield server.admin_url


@pytest.fixture(scope="module")
def template(own_server: str) -> DatabaseTemplate:
    return migrated_template(own_server)


@pytest.fixture
def database(template: DatabaseTemplate) -> Iterator[TestDatabase]:
    with template.copy() as made:
        yield made


def schemas(database: TestDatabase) -> set[str]:
    engine = migrations.configuration(database.url(DatabaseRole.MIGRATOR)).attributes["engine"]
    with engine.connect() as connection:
        return set(inspect(connection).get_schema_names()) & set(SCHEMAS)


def test_down_to_nothing_and_up_again(database: TestDatabase) -> None:
    url = database.url(DatabaseRole.MIGRATOR)
    assert schemas(database) == set(SCHEMAS)

    migrations.downgrade(url, "base")
    assert schemas(database) == set()

    migrations.upgrade(url)
    assert schemas(database) == set(SCHEMAS)
    migrations.check(url, metadata)
    migrations.upgrade(url)


def test_the_platform_tenant_is_there_from_the_start(database: TestDatabase) -> None:
    with psycopg.connect(database.admin_url) as connection:
        assert connection.execute("select id, slug from tenancy.tenants").fetchall() == [
            (PLATFORM_TENANT_ID, "platform")
        ]


def test_every_service_can_read_the_revision(database: TestDatabase) -> None:
    for role, url in database.urls.items():
        if role is not DatabaseRole.MIGRATOR:
            with psycopg.connect(url) as connection:
                found = connection.execute("select version_num from public.alembic_version").fetchone()
            assert found == (migrations.head(),), role


def test_a_drift_from_the_models_is_told(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("alter table credit.companies drop column currency")
    monkeypatch.setenv("ACCUNODE_MIGRATOR_URL", database.url(DatabaseRole.MIGRATOR))
    monkeypatch.setattr("sys.argv", ["accunode-migrations", "check", "--models", "accunode_credit.models"])
    assert command_line.main() == 1
    assert "currency" in capsys.readouterr().err


def test_the_models_to_compare_with_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["accunode-migrations", "check"])
    with pytest.raises(SystemExit):
        command_line.main()
    assert "--models" in capsys.readouterr().err


def test_two_migrations_at_once_run_one_after_the_other(database: TestDatabase) -> None:
    url = database.url(DatabaseRole.MIGRATOR)
    migrations.downgrade(url, "base")
    finished = threading.Event()

    def migrate() -> None:
        migrations.upgrade(url)
        finished.set()

    with psycopg.connect(database.admin_url) as holder:
        holder.execute("select pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        runner = threading.Thread(target=migrate)
        runner.start()
        assert not finished.wait(1)
        holder.rollback()
    runner.join(60)
    assert finished.is_set()


def test_a_migration_gives_up_rather_than_wait_behind_a_lock(database: TestDatabase) -> None:
    with psycopg.connect(database.admin_url) as holder:
        holder.execute("lock table credit.predictions in access share mode")
        with pytest.raises(OperationalError, match="lock timeout"):
            migrations.downgrade(database.url(DatabaseRole.MIGRATOR), "base")
    assert schemas(database) == set(SCHEMAS)


def test_an_unreachable_database_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCUNODE_MIGRATOR_URL", "postgresql://accunode_migrator:not-there@127.0.0.1:9/accunode")
    monkeypatch.setattr("sys.argv", ["accunode-migrations", "upgrade"])
    assert command_line.main() == 1
    assert capsys.readouterr().err.startswith("The database cannot be reached:")


def test_preparing_by_the_command_makes_a_database_and_again_changes_nothing(
    own_server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passwords = {role.value: "a-long-password-of-a-role" for role in LOGIN_ROLES}
    monkeypatch.setenv("ACCUNODE_ADMIN_URL", own_server)
    monkeypatch.setenv("ACCUNODE_ROLE_PASSWORDS", json.dumps(passwords))
    monkeypatch.setenv("ACCUNODE_DATABASE", "prepared_accunode")
    monkeypatch.setattr("sys.argv", ["accunode-migrations", "prepare"])
    for _ in range(2):
        assert command_line.main() == 0, capsys.readouterr().err
        assert capsys.readouterr().out == f"The database is at revision {migrations.head()}.\n"
    url = role_url(own_server, "prepared_accunode", DatabaseRole.WORKER, passwords[DatabaseRole.WORKER])
    with psycopg.connect(url) as connection:
        found = connection.execute("select version_num from public.alembic_version").fetchone()
    assert found == (migrations.head(),)


def test_preparing_an_unreachable_server_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCUNODE_ADMIN_URL", "postgresql://admin:not-there@127.0.0.1:9/postgres")
    monkeypatch.setenv("ACCUNODE_ROLE_PASSWORDS", json.dumps({role.value: "a-long-password" for role in LOGIN_ROLES}))
    monkeypatch.setattr("sys.argv", ["accunode-migrations", "prepare"])
    assert command_line.main() == 1
    assert capsys.readouterr().err.startswith("The database cannot be prepared:")


@pytest.mark.parametrize(
    ("passwords", "complaint"),
    [
        ('{"accunode_auth": "hunter2hunter2', "is not JSON"),
        ('["hunter2hunter2"]', "valid dictionary"),
        ('{"accunode_auth": "hunter2hunter2"}', "no password for accunode_migrator, accunode_tenants"),
        (json.dumps({role.value: "" for role in LOGIN_ROLES}), "no password for accunode_migrator"),
    ],
)
def test_passwords_that_do_not_do_are_refused_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], passwords: str, complaint: str
) -> None:
    monkeypatch.setenv("ACCUNODE_ADMIN_URL", "postgresql://admin:not-there@127.0.0.1:9/postgres")
    monkeypatch.setenv("ACCUNODE_ROLE_PASSWORDS", passwords)
    monkeypatch.setattr("sys.argv", ["accunode-migrations", "prepare"])
    assert command_line.main() == 1
    told = capsys.readouterr().err
    assert "ACCUNODE_ROLE_PASSWORDS" in told
    assert complaint in told
    assert "hunter2" not in told


def test_tenants_that_share_a_name_are_numbered_and_then_names_are_unique(database: TestDatabase) -> None:
    url = database.url(DatabaseRole.MIGRATOR)
    migrations.downgrade(url, "0004")
    names = ["First Bank", "FIRST  bank", "First Bank (2)", "Other Bank", "First Bank"]
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        for number, name in enumerate(names):
            connection.execute(
                "insert into tenancy.tenants (id, name, slug, created_at, deleted_at)"
                " values (gen_random_uuid(), %s, %s, now() + %s * interval '1 hour', %s)",
                [name, f"bank-{number}", number, "2026-01-01" if number == 4 else None],
            )
    migrations.upgrade(url)
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        found = connection.execute("select name, name_key from tenancy.tenants order by created_at").fetchall()
        again = "insert into tenancy.tenants (id, name, name_key, slug) values (gen_random_uuid(), 'x', %s, 'x')"
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(again, ["first bank"])
    assert [name for name, _ in found] == [
        "Platform",
        "First Bank",
        "FIRST  bank (2)",
        "First Bank (2) (2)",
        "Other Bank",
        "First Bank",
    ]
    assert [key for _, key in found] == [name_key(name) for name, _ in found]


PEOPLE = {
    "verified": ("ana@bank.example", "ana@bank.example", True),
    "squatter": ("bo@bank.example", "bo@bank.example", False),
    "platform": ("cy@bank.example", "cy@bank.example", True),
    "accented": ("Zo\u00eb@b\u00e4nk.example", "zo\u00eb@b\u00e4nk.example", True),
    "folded": ("stra\u00dfe@bank.example", "strasse@bank.example", True),
}


def test_people_of_before_get_memberships_and_keys_by_the_rules_of_today(database: TestDatabase) -> None:
    url = database.url(DatabaseRole.MIGRATOR)
    migrations.downgrade(url, "0012")
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        ids = {name: new_id() for name in (*PEOPLE, "tenant", "organization")}
        connection.execute("insert into tenancy.tenants (id, name, slug) values (%s, 'B', 'b')", [ids["tenant"]])
        connection.execute(
            "insert into tenancy.organizations (tenant_id, id, name, name_key) values (%s, %s, 'O', 'o')",
            [ids["tenant"], ids["organization"]],
        )
        for name, (email, key, verified) in PEOPLE.items():
            connection.execute(
                "insert into identity.users (id, email, email_key, password_hash, email_verified_at)"
                " values (%s, %s, %s, 'hash', case when %s then now() end)",
                [ids[name], email, key, verified],
            )
            connection.execute(
                "insert into identity.memberships (tenant_id, id, user_id, organization_id, role)"
                " values (%s, %s, %s, %s, 'org_member')",
                [ids["tenant"], new_id(), ids[name], ids["organization"]],
            )
        connection.execute(
            "insert into identity.memberships (tenant_id, id, user_id, role) values (%s, %s, %s, 'super_admin')",
            [PLATFORM_TENANT_ID, new_id(), ids["platform"]],
        )
        connection.execute(
            "insert into tenancy.whitelist_entries (tenant_id, organization_id, email_key, added_by)"
            " values (%s, %s, 'new@b\u00e4nk.example', %s)",
            [ids["tenant"], ids["organization"], ids["verified"]],
        )
    migrations.upgrade(url)
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        held = connection.execute("select user_id, role, status from identity.memberships").fetchall()
        keys = dict(connection.execute("select id, email_key from identity.users").fetchall())
        listed = connection.execute("select email_key from tenancy.whitelist_entries").fetchall()
    names = {number: name for name, number in ids.items()}
    assert {(names[who], role, status) for who, role, status in held} == {
        ("platform", "super_admin", "active"),
        ("squatter", "org_member", "suspended"),
        *((name, "org_member", "active") for name in ("verified", "accented", "folded")),
        *((name, "user", "active") for name in PEOPLE if name != "platform"),
    }
    assert keys[ids["accented"]] == email_key(PEOPLE["accented"][0]) == "zo\u00eb@xn--bnk-qla.example"
    assert keys[ids["folded"]] == "stra\u00dfe@bank.example"
    assert listed == [("new@xn--bnk-qla.example",)]


REASONS = ["return_on_assets.value.lowers", "net_income_margin.missing.raises"]


def test_codes_are_read_the_same_before_and_after_they_are_numbered_and_back(database: TestDatabase) -> None:
    url = database.url(DatabaseRole.MIGRATOR)
    migrations.downgrade(url, "0020")
    words = {
        "flagged": (REASONS, ["missing:net_income_margin"]),
        "unflagged": (REASONS, []),
        "unknown": (["of.another.model"], []),
    }
    ids = {name: new_id() for name in words}
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        _store_predictions(connection, {ids[name]: codes for name, codes in words.items()})
        migrations.upgrade(url)
        with psycopg.connect(database.url(DatabaseRole.RELAY), autocommit=True) as relay:
            numbered = relay.execute(_NUMBER, {"id": PLATFORM_TENANT_ID}).fetchall()
            again = relay.execute(_NUMBER, {"id": PLATFORM_TENANT_ID}).fetchall()
        stored = connection.execute("select id, reason_codes, flags from credit.predictions").fetchall()
        migrations.downgrade(url, "0020")
        after = connection.execute("select id, reason_codes, flags from credit.predictions").fetchall()
        migrations.upgrade(url)
    assert (numbered, again) == ([(ids["unknown"], 2)], [(ids["unknown"], 0)])
    assert {number: tuple(codes) for number, *codes in stored} == {
        **{ids[name]: ([], []) for name in ("flagged", "unflagged")},
        ids["unknown"]: words["unknown"],
    }
    assert {number: tuple(codes) for number, *codes in after} == {ids[name]: codes for name, codes in words.items()}


_NUMBER = "select last, numbered from credit.number_codes(%(id)s, '00000000-0000-0000-0000-000000000000', 10)"


def _store_predictions(connection: psycopg.Connection, codes: dict[UUID, tuple[list[str], list[str]]]) -> None:
    """Predictions of one company of the platform, with these reason codes and flags."""
    company, person = new_id(), new_id()
    connection.execute(
        "insert into identity.users (id, email, email_key) values (%(id)s, %(id)s, %(id)s)", {"id": person}
    )
    connection.execute(
        "insert into credit.companies (tenant_id, id, access_level, created_by, name, name_key)"
        " values (%s, %s, 'system', %s, 'C', 'c')",
        [PLATFORM_TENANT_ID, company, person],
    )
    for year, (number, (reasons, flags)) in enumerate(codes.items(), 2020):
        connection.execute(
            "insert into credit.predictions (tenant_id, id, access_level, created_by, company_id, kind, fiscal_year,"
            " model_version, pd, pd_2y, pd_3y, pd_scorecard, pd_lightgbm, pd_low, pd_high, grade, risk_level,"
            " reason_codes, flags) values (%s, %s, 'system', %s, %s, 'annual', %s, '1.0.0', .1, .2, .3, .1, .1, 0, 1,"
            " 'B', 'HIGH', %s, %s)",
            [PLATFORM_TENANT_ID, number, person, company, year, reasons, flags],
        )
