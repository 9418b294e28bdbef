"""The embedded PostgreSQL runs with the settings that the other servers get."""

from collections.abc import Iterator

import psycopg
import pytest

from accunode_common.db.server import GIBIBYTE, ONE_MACHINE, SETTINGS, Share, rds_parameters, server_settings
from accunode_devstack.launch import wait_until
from accunode_devstack.ports import free_port
from accunode_devstack.postgres import embedded_postgres
from accunode_devstack.processes import Supervisor
from accunode_devstack.state import State, make_own


@pytest.fixture
def connection(state: State) -> Iterator[psycopg.Connection]:
    """A connection to an embedded server as `make up` starts it."""
    home, account = state.postgres_home()
    if home.parent == state.elsewhere:
        make_own(home.parent)
    server = embedded_postgres(home, port=free_port(), password="a-fine-password", account=account)
    supervisor = Supervisor(state)
    server.initialise()
    supervisor.start(server.program())
    wait_until(server.ready, alive=lambda: supervisor.alive("postgres"), name="postgres", limit=30)
    with psycopg.connect(server.admin_url) as connection:
        yield connection
    supervisor.stop(["postgres"])


def test_the_embedded_server_shows_every_setting(connection: psycopg.Connection) -> None:
    expected = server_settings(ONE_MACHINE)
    # A connection may ask for a time zone of its own; what the server was started with is the reset value.
    shown = {name: connection.execute("select current_setting(%s)", (name,)).fetchone() for name in expected}
    assert {name: row[0] for name, row in shown.items() if row} == expected


def test_a_unit_is_the_server_s(connection: psycopg.Connection) -> None:
    bytes_by_unit = {"8kB": 8192, "kB": 1024, "MB": 1024**2}
    for name, each in SETTINGS.items():
        if isinstance(each, Share):
            row = connection.execute("select unit from pg_settings where name = %s", (name,)).fetchone()
            assert row is not None
            assert bytes_by_unit[row[0]] == each.unit, name


def test_amounts_follow_the_memory_and_have_a_floor() -> None:
    small, large = server_settings(GIBIBYTE // 4), server_settings(8 * GIBIBYTE)
    assert (small["shared_buffers"], small["work_mem"], small["maintenance_work_mem"]) == ("64MB", "4MB", "64MB")
    assert (large["shared_buffers"], large["work_mem"], large["maintenance_work_mem"]) == ("2GB", "64MB", "512MB")


def test_a_parameter_group_computes_the_same_amounts() -> None:
    parameters = rds_parameters()
    assert parameters["shared_buffers"] == "{DBInstanceClassMemory/32768}"
    assert parameters["work_mem"] == "GREATEST({DBInstanceClassMemory/131072},4096)"
    assert ONE_MACHINE // 32768 * 8192 == 512 * 1024**2


def test_every_setting_has_a_reason_and_a_server() -> None:
    for name, each in SETTINGS.items():
        assert each.why.endswith("."), name
        assert name == "max_connections" or name in server_settings(ONE_MACHINE) or name in rds_parameters()
