"""What keeps the stack from starting is said in one sentence, and nothing is left running."""

import errno
import json
import os
import shutil
import socket
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accunode_devstack import cli
from accunode_devstack.endpoints import Endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.launch import Program
from accunode_devstack.ports import free_port
from accunode_devstack.processes import Supervisor
from accunode_devstack.programs import Part
from accunode_devstack.stack import ALL, Stack, wanted_port
from accunode_devstack.state import State

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def no_given_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "ACCUNODE_PORT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stack(state: State) -> Iterator[Stack]:
    stack = Stack(state, lambda _: None)
    yield stack
    stack.down()


@pytest.fixture
def held_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def running(state: State) -> list[str]:
    return [name for name in ALL if Supervisor(state).find(name) is not None]


def command(state: State, *words: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setenv("ACCUNODE_STATE", str(state.root))
    result = CliRunner().invoke(cli.app, list(words))
    return result.exit_code, result.output


def test_a_part_that_fails_shows_its_log_and_takes_down_what_was_started(
    stack: Stack, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "print('the model files are missing'); raise SystemExit(3)"
    failing = Program("gateway", (sys.executable, "-c", code), Path("/"), {})
    monkeypatch.setattr(
        "accunode_devstack.stack.product_parts", lambda _state, _endpoints: (Part(failing, lambda: False),)
    )
    with pytest.raises(DevstackError) as failure:
        stack.up(free_port())
    assert "gateway stopped while it was starting." in str(failure.value)
    assert "the model files are missing" in str(failure.value)
    assert running(state) == []


def test_a_port_in_use_is_named_with_its_holder_before_anything_is_started(
    stack: Stack, state: State, held_port: int
) -> None:
    with pytest.raises(DevstackError) as failure:
        stack.up(held_port)
    assert str(failure.value).startswith(f"Port {held_port} is in use by ")
    assert f"(process {os.getpid()})" in str(failure.value)
    assert "ACCUNODE_PORT" in str(failure.value)
    assert running(state) == []


def test_a_nearly_full_disk_is_said_before_anything_is_started(
    stack: Stack, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 42_000_000))
    with pytest.raises(DevstackError, match=r"nearly full: 42 MB are free and 500 MB are needed\."):
        stack.up(free_port())
    assert running(state) == []


def test_a_disk_that_fills_up_is_one_sentence(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_stack: Stack, _port: int) -> tuple[Endpoints, bool]:
        raise OSError(errno.ENOSPC, "No space left on device", str(state.root / "x"))

    monkeypatch.setattr(Stack, "up", full)
    code, said = command(state, "up", monkeypatch=monkeypatch)
    assert code == 1
    assert said == f"The disk is full: {state.root / 'x'} could not be written.\n"


@pytest.mark.parametrize("port", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_one_sentence(port: str, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCUNODE_PORT", port)
    code, said = command(state, "up", monkeypatch=monkeypatch)
    assert (code, said) == (1, f"ACCUNODE_PORT is {port!r}, which is no port number.\n")


def test_a_user_id_without_a_name_is_told_what_to_do_before_anything_is_started(
    stack: Stack, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(DevstackError, match=r"user id 4242, which has no name here: .*/etc/passwd.*DATABASE_URL"):
        stack.up(free_port())
    assert running(state) == []


def test_the_port_is_8000_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wanted_port() == 8000
    monkeypatch.setenv("ACCUNODE_PORT", "9123")
    assert wanted_port() == 9123


@pytest.mark.parametrize("content", ["not json", json.dumps({"superuser": 3}), json.dumps({"surprise": "x"})])
def test_damaged_secrets_are_one_sentence(content: str, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    (state.secrets / "passwords.json").write_text(content)
    code, said = command(state, "up", monkeypatch=monkeypatch)
    assert code == 1
    assert said.endswith("`make reset` starts afresh.\n")
    assert said.count("\n") == 1
    assert running(state) == []


def test_a_given_database_that_does_not_answer_is_one_sentence(
    state: State, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody:secret@127.0.0.1:{free_port()}/postgres")
    code, said = command(state, "up", monkeypatch=monkeypatch)
    assert code == 1
    assert said.startswith("DATABASE_URL leads to no usable PostgreSQL:")
    assert "secret" not in said
    assert running(state) == []


def test_down_and_reset_where_nothing_runs_say_so(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(state, "down", monkeypatch=monkeypatch) == (0, "Nothing runs.\n")
    code, _ = command(state, "status", monkeypatch=monkeypatch)
    assert code == 1
    assert command(state, "reset", "--yes", monkeypatch=monkeypatch) == (0, "Deleted.\n")
    assert not state.root.exists()
    assert command(state, "reset", "--yes", monkeypatch=monkeypatch) == (0, "There is nothing to delete.\n")
    state.prepare()


def test_reset_asks_first(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = command(state, "reset", monkeypatch=monkeypatch)
    assert code == 1
    assert "Delete everything in" in said
    assert state.root.exists()


def test_outside_a_checkout_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCUNODE_STATE", raising=False)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, ["status"])
    assert result.exit_code == 1
    assert result.output == f"{tmp_path} is not inside a checkout of AccuNode.\n"
