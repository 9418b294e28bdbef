"""The whole product as `make up` runs it, here on servers that DATABASE_URL and REDIS_URL name."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from accunode_devstack import programs
from accunode_devstack.demo.client import ApiClient
from accunode_devstack.launch import wait_until
from accunode_devstack.ports import free_port, is_free
from accunode_devstack.postgres import PostgresServer
from accunode_devstack.processes import Supervisor
from accunode_devstack.redis import RedisServer
from accunode_devstack.state import State
from accunode_devstack.throwaway import throwaway_postgres, throwaway_redis

ROLES = {"super_admin", "tenant_admin", "org_admin", "org_member", "user"}


class Command:
    """Runs the command line as `make` does, from the outside."""

    def __init__(self, folder: Path, database: PostgresServer, cache: RedisServer) -> None:
        self.state = State(folder / "state")
        self.port = free_port()
        self.database, self.cache = database, cache
        self.environment = os.environ | {
            "ACCUNODE_STATE": str(self.state.root),
            "ACCUNODE_PORT": str(self.port),
            "DATABASE_URL": database.admin_url,
            "REDIS_URL": cache.url,
        }

    def run(self, *words: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "accunode_devstack", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def pids(self) -> dict[str, int]:
        supervisor = Supervisor(self.state)
        found = {name: supervisor.find(name) for name in programs.NAMES}
        return {name: part.pid for name, part in found.items() if part is not None and part.pid is not None}

    def until_restarted(self, name: str, pid: int) -> None:
        """Wait until a part runs as another process."""
        wait_until(
            lambda: self.pids().get(name, pid) != pid,
            alive=lambda: Supervisor(self.state).alive(name),
            name=name,
            limit=30,
        )

    def users(self) -> list[dict[str, Any]]:
        users: list[dict[str, Any]] = json.loads(self.state.demo.read_text())["users"]
        return users

    def seen_by(self, user: dict[str, Any]) -> tuple[int, int]:
        """How many companies and uploads the user sees."""
        with ApiClient(f"http://127.0.0.1:{self.port}") as client:
            client.sign_in(user["email"], user["password"])
            companies = client.get("/companies", limit=1, with_total="true")["total"]
            return companies, client.get("/bulk-uploads", limit=1, with_total="true")["total"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    with throwaway_postgres() as database, throwaway_redis() as cache:
        command = Command(tmp_path_factory.mktemp("stack"), database, cache)
        try:
            said = command.run("up")
            assert f"http://127.0.0.1:{command.port}" in said
            assert "analyst@harbour-bank.example" in said
            yield command
        finally:
            command.run("down")


def test_the_demo_has_a_user_of_each_role_in_two_tenants(stack: Command) -> None:
    assert stack.state.demo.stat().st_mode & 0o777 == 0o600
    users = stack.users()
    tenants = {user["tenant"] for user in users if user["role"] == "org_member"}
    assert len(tenants) == 2
    for tenant in tenants:
        assert {user["role"] for user in users if user["tenant"] == tenant} == ROLES - {"super_admin"}
    assert [user["tenant"] for user in users if user["role"] == "super_admin"] == ["Platform"]
    assert all(user["organization"] is None for user in users if user["role"] == "user")
    assert all(stack.seen_by(user)[0] > 0 for user in users)


def test_people_can_enrol_an_authenticator_after_up(stack: Command) -> None:
    user = stack.users()[0]
    with ApiClient(f"http://127.0.0.1:{stack.port}") as client:
        client.sign_in(user["email"], user["password"])
        proved = client.post("/auth/step-up", {"password": user["password"]})
        client.present(proved["access_token"])
        assert client.post("/auth/mfa/totp")["uri"].startswith("otpauth://totp/AccuNode")


def test_given_servers_are_used_and_none_is_started(stack: Command) -> None:
    assert not (stack.state.root / "postgres").exists()
    lines = {line.split()[0]: line.split()[1] for line in stack.run("status").splitlines() if line.split()}
    assert {lines["postgres"], lines["redis"]} == {"given"}
    assert {lines[name] for name in programs.NAMES} == {"ready"}


def test_up_leaves_what_runs_alone(stack: Command) -> None:
    before = stack.pids()
    assert "already up" in stack.run("up")
    assert stack.pids() == before


@pytest.mark.parametrize("name", programs.NAMES)
def test_what_is_killed_is_started_again_and_status_tells(stack: Command, name: str) -> None:
    before = stack.pids()
    os.kill(before[name], signal.SIGKILL)
    stack.until_restarted(name, before[name])
    assert {part: pid for part, pid in stack.pids().items() if part != name} == {
        part: pid for part, pid in before.items() if part != name
    }
    stack.run("up")
    (line,) = [line for line in stack.run("status").splitlines() if line.startswith(name)]
    assert (line.split()[1], line.split()[-2:]) == ("ready", ["1", str(-signal.SIGKILL)])


def test_up_at_another_port_says_where_it_runs_already(stack: Command) -> None:
    before = stack.pids()
    ended = subprocess.run(
        [sys.executable, "-m", "accunode_devstack", "up"],
        env=stack.environment | {"ACCUNODE_PORT": str(free_port())},
        capture_output=True,
        text=True,
        check=False,
    )
    said = f"AccuNode is up at http://127.0.0.1:{stack.port} already: `make down` lets it move.\n"
    assert (ended.returncode, ended.stdout + ended.stderr) == (1, said)
    assert stack.pids() == before


def test_down_stops_everything_of_its_own_and_up_finds_the_data_again(stack: Command) -> None:
    member = next(user for user in stack.users() if user["role"] == "org_member")
    seen = stack.seen_by(member)
    pids = stack.pids()
    assert set(pids) == set(programs.NAMES)
    stack.run("down")
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    assert is_free(stack.port)
    assert stack.database.ready()
    assert stack.cache.ready()
    said = stack.run("up")
    assert "Loading" not in said
    assert "Preparing" not in said
    assert stack.seen_by(member) == seen


def test_no_log_and_no_command_line_shows_a_secret(stack: Command) -> None:
    secrets = [user["password"] for user in stack.users()]
    secrets += json.loads((stack.state.secrets / "passwords.json").read_text()).values()
    for log in stack.state.log.glob("*.log"):
        text = log.read_text(errors="replace")
        assert not any(secret in text for secret in secrets), log
    for pid in stack.pids().values():
        line = " ".join(psutil.Process(pid).cmdline())
        assert not any(secret in line for secret in secrets)
