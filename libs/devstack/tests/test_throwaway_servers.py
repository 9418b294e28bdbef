"""The servers that the fixtures give out, and their end."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from accunode_devstack.ports import is_free
from accunode_devstack.postgres import PostgresServer
from accunode_devstack.pytest_plugin import PostgresAddress, RedisAddress
from accunode_devstack.redis import RedisServer
from accunode_devstack.throwaway import throwaway_postgres, throwaway_redis

HOLD_A_SERVER = """
import sys
from accunode_devstack.throwaway import throwaway_postgres
with throwaway_postgres() as server:
    print(server.port, server.home, flush=True)
    sys.stdin.read()
"""


def test_the_fixtures_servers_answer(postgres_server: PostgresAddress, redis_server: RedisAddress) -> None:
    with psycopg.connect(postgres_server.admin_url) as connection:
        assert connection.info.server_version >= 160000
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()


class MishapError(Exception):
    pass


def test_a_server_and_its_folder_are_gone_after_an_error() -> None:
    seen: list[PostgresServer | RedisServer] = []

    def use_both() -> None:
        with throwaway_postgres() as server, throwaway_redis() as cache:
            seen.extend([server, cache])
            assert server.ready()
            assert cache.ready()
            raise MishapError

    with pytest.raises(MishapError):
        use_both()
    assert len(seen) == 2
    for server in seen:
        assert not server.home.exists()
        assert is_free(server.port)


def test_a_server_is_gone_after_its_caller_was_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_A_SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as caller:
        assert caller.stdout is not None
        port, home = caller.stdout.readline().split()
        assert not is_free(int(port))
        caller.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while Path(home).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(home).exists()
    assert is_free(int(port))


def test_an_address_for_another_role_keeps_the_server() -> None:
    address = PostgresAddress("127.0.0.1", 5433, "postgresql://postgres:x@127.0.0.1:5433/postgres")
    parts = urlsplit(address.url(user="accunode_auth", password="secret", database="accunode"))
    assert (parts.username, parts.port, parts.path) == ("accunode_auth", 5433, "/accunode")
