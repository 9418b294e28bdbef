"""Processes that the stack starts, and those that it must leave alone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from accunode_devstack.errors import DevstackError
from accunode_devstack.launch import Program, wait_until
from accunode_devstack.processes import Running, Supervisor
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
    assert started.pid is not None
    assert not psutil.pid_exists(started.pid)
    assert not started.process.is_running()
    assert supervisor.stop(["worker"]) == []


def test_a_process_takes_its_children_along(supervisor: Supervisor) -> None:
    started = supervisor.start(program(PARENT_WITH_CHILD))
    heard(supervisor)
    parent, child = started.process.children(recursive=True)
    assert parent.pid == started.pid
    supervisor.stop(["worker"])
    assert not child.is_running()


def test_a_process_that_dies_is_started_again_and_what_it_left_is_ended(supervisor: Supervisor) -> None:
    first = supervisor.start(program(PARENT_WITH_CHILD))
    heard(supervisor)
    (_, child) = first.process.children(recursive=True)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    again = awaited(supervisor, restarts=1)
    assert (again.process.pid, again.last_exit) == (first.process.pid, -signal.SIGKILL)
    assert again.pid != first.pid
    assert psutil.wait_procs([child], timeout=10)[1] == []


def test_pauses_grow_while_a_process_keeps_ending_and_a_stop_does_not_wait_for_one(supervisor: Supervisor) -> None:
    supervisor.start(program("raise SystemExit(7)"))
    found = awaited(supervisor, restarts=3, runs=False)
    assert found.last_exit == 7
    begun = time.monotonic()
    assert supervisor.stop(["worker"]) == ["worker"]
    assert time.monotonic() - begun < 2
    pauses = [float(line.split()[-2]) for line in supervisor.last_lines("worker") if "starts again" in line]
    assert pauses[:3] == [0.5, 1, 2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system does not tell a child of its parent's end")
def test_a_runner_that_is_killed_takes_its_program_along(supervisor: Supervisor) -> None:
    started = supervisor.start(program())
    assert started.pid is not None
    process = psutil.Process(started.pid)
    started.process.kill()
    psutil.wait_procs([process], timeout=10)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert supervisor.find("worker") is None


def awaited(supervisor: Supervisor, *, restarts: int, runs: bool = True) -> Running:
    """The part once it was started again so often."""

    def there() -> bool:
        found = supervisor.find("worker")
        return found is not None and found.restarts >= restarts and (found.pid is not None) >= runs

    wait_until(there, alive=lambda: supervisor.alive("worker"), name="worker", limit=20)
    found = supervisor.find("worker")
    assert found is not None
    return found


def test_a_process_that_ignores_the_signal_is_killed_after_the_limit(supervisor: Supervisor) -> None:
    started = supervisor.start(program(DEAF, stop_after=0.3))
    heard(supervisor)
    supervisor.stop(["worker"])
    assert started.pid is not None
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
