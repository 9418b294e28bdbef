"""Processes that the stack starts, and those that it must leave alone."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from accunode_devstack.errors import DevstackError
from accunode_devstack.launch import Program, wait_until
from accunode_devstack.processes import Supervisor
from accunode_devstack.state import State

PARENT_WITH_CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("up", flush=True)
time.sleep(600)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def program(code: str = "import time; time.sleep(600)", stop_after: float = 5) -> Program:
    return Program("worker", (sys.executable, "-c", code), Path("/"), {}, stop_after=stop_after)


@pytest.fixture
def supervisor(state: State) -> Iterator[Supervisor]:
    supervisor = Supervisor(state)
    yield supervisor
    supervisor.stop(["worker"])


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def heard(supervisor: Supervisor) -> None:
    wait_until(
        lambda: "up" in supervisor.last_lines("worker"),
        alive=lambda: supervisor.alive("worker"),
        name="worker",
        limit=20,
    )


def test_a_process_is_found_by_another_supervisor_and_stopped(state: State, supervisor: Supervisor) -> None:
    started = supervisor.start(program())
    found = Supervisor(state).find("worker")
    assert found is not None
    assert found.pid == started.pid
    assert Supervisor(state).stop(["worker"]) == ["worker"]
    assert not psutil.pid_exists(started.pid)
    assert supervisor.stop(["worker"]) == []


def test_a_process_takes_its_children_along(supervisor: Supervisor) -> None:
    started = supervisor.start(program(PARENT_WITH_CHILD))
    heard(supervisor)
    (child,) = started.process.children()
    supervisor.stop(["worker"])
    assert not child.is_running()


def test_a_process_that_ignores_the_signal_is_killed_after_the_limit(supervisor: Supervisor) -> None:
    started = supervisor.start(program(DEAF, stop_after=0.3))
    heard(supervisor)
    supervisor.stop(["worker"])
    assert not psutil.pid_exists(started.pid)


@pytest.mark.parametrize("lie", ["create_time", "program"])
def test_a_stranger_with_the_recorded_number_is_not_signalled(
    state: State, supervisor: Supervisor, stranger: subprocess.Popen[bytes], lie: str
) -> None:
    truth = psutil.Process(stranger.pid)
    record = {
        "name": "worker",
        "pid": stranger.pid,
        "create_time": truth.create_time(),
        "program": truth.name(),
        "command": [],
        "port": None,
        "stop_signal": int(signal.SIGKILL),
        "stop_after": 1.0,
    }
    record[lie] = truth.create_time() - 100 if lie == "create_time" else "postgres"
    path = state.run / "worker.json"
    path.write_text(json.dumps(record))
    assert supervisor.stop(["worker"]) == []
    assert stranger.poll() is None
    assert not path.exists()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"pid": "x", "create_time": 1, "program": "p"}'])
def test_a_damaged_record_is_one_sentence(state: State, supervisor: Supervisor, content: str) -> None:
    path = state.run / "worker.json"
    path.write_text(content)
    with pytest.raises(DevstackError, match=r"not readable as the stack's own: `make reset` starts afresh\."):
        supervisor.find("worker")
    path.unlink()


def test_a_large_log_is_set_aside_at_the_next_start(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accunode_devstack.processes.LOG_LIMIT", 10)
    log = supervisor.log_of("worker")
    log.write_text("a line of an earlier run\n")
    supervisor.start(program())
    assert log.with_suffix(".log.1").read_text() == "a line of an earlier run\n"
    assert log.stat().st_mode & 0o777 == 0o600
