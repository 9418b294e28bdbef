"""A service's process, and several that answer for one service."""

import contextlib
import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psutil
import pytest

from accunode_common.db.access import DatabaseRole
from accunode_common.routing import Service
from accunode_common.serve import UNUSABLE_CONFIGURATION, serve, settle
from accunode_common.testing.database import TestDatabase


@pytest.fixture
def collector() -> Iterator[None]:
    """The garbage collector, which is as before in the end."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("collector")
def test_two_blocks_of_a_download_are_held_without_a_collection() -> None:
    settle()
    begun: list[str] = []

    def note(phase: str, _: dict[str, int]) -> None:
        begun.append(phase)

    gc.callbacks.append(note)
    try:
        rows = [[number] for number in range(20_000)]
        assert not begun
        assert len(rows) + len([[number] for number in range(60_000)]) == 80_000
        assert begun
    finally:
        gc.callbacks.remove(note)


@pytest.mark.usefixtures("collector")
def test_what_a_process_is_made_of_is_left_out_of_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = [["part of an application"]]
    left_out: list[int] = []
    monkeypatch.setitem(sys.modules, "anything.main", SimpleNamespace(create=lambda: made))
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: left_out.append(gc.get_freeze_count()))
    before = gc.get_freeze_count()
    assert serve(Service("anything", "anything", 1, ("/api/v1/anything",))) == 0
    assert left_out[0] > before + 10_000
    assert not any(each is made for each in gc.get_objects())


SEVERAL = """
    import os
    from accunode_common.environment import SettingsError
    from accunode_common.http.app import create_service_app
    from accunode_common.log import configure_logging
    from accunode_common.settings import LogSettings, VerifierSettings
    from http_app import router

    def create():
        settings = VerifierSettings.from_environment()
        configure_logging(settings.log, service="things")
        if os.environ.get("WRONG"):
            raise SettingsError("WRONG must be empty.")
        return create_service_app("things", settings, [router], description="Things.")
"""
SERVED = (
    "import sys; from accunode_common.routing import Service; from accunode_common.serve import serve; "
    "sys.exit(serve(Service('things', 'things', int(sys.argv[1]), ('/api/v1/things',))))"
)


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, test_database: TestDatabase, redis_server: Any, port: int) -> Iterator[Start]:
    """Starts the service by two processes, with some more variables; all that it started is gone in the end."""
    package = tmp_path / "things"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "main.py").write_text(textwrap.dedent(SEVERAL))
    (tmp_path / "made").mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ACCUNODE_")},
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parent)]),
        "TMPDIR": str(tmp_path / "made"),
        "ACCUNODE_DATABASE_URL": test_database.url(DatabaseRole.TENANTS),
        "ACCUNODE_REDIS_URL": redis_server.url,
        "ACCUNODE_JWKS_URL": "http://127.0.0.1:9/unused",
        "ACCUNODE_HOST": "127.0.0.1",
        "ACCUNODE_PROCESSES": "2",
    }
    started: list[psutil.Process] = []

    def begin(**more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SERVED, str(port)]
        serving = subprocess.Popen(command, env=environment | more, stderr=subprocess.PIPE, text=True)
        started.append(psutil.Process(serving.pid))
        return serving

    yield begin
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            for each in [*process.children(recursive=True), process]:
                each.kill()


def workers(serving: subprocess.Popen[str]) -> set[int]:
    """The processes that answer: uvicorn starts them by spawning."""
    found = set()
    for child in psutil.Process(serving.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("spawn_main" in part for part in child.cmdline()):
                found.add(child.pid)
    return found


def await_reply(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/health")
            return
        time.sleep(0.05)
    pytest.fail("No process answers.")


def requests_told(port: int) -> float:
    """Requests of the public route that the process says were answered which happens to be asked."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    told = re.findall(r'^accunode_http_requests_total{.*route="/api/v1/things/public".*} (.+)$', text, re.MULTILINE)
    assert text.count("accunode_database_pool_in_use{") == 1
    return sum(map(float, told))


def test_several_processes_answer_for_a_service_and_tell_the_figures_of_all(
    start: Start, port: int, tmp_path: Path
) -> None:
    serving = start()
    await_reply(port)
    before = workers(serving)
    assert len(before) == 2

    def ask(number: int) -> int:
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/things/public").status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(60))) == {200}
    assert {requests_told(port) for _ in range(12)} == {60.0}

    psutil.Process(min(before)).kill()
    deadline = time.monotonic() + 60
    while len(now := workers(serving)) < 2 or now == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    await_reply(port)
    assert ask(0) == 200
    assert {requests_told(port) for _ in range(12)} == {61.0}

    serving.send_signal(signal.SIGTERM)
    _, told = serving.communicate(timeout=30)
    assert serving.returncode == 0
    assert list((tmp_path / "made").iterdir()) == []
    lines = [json.loads(line) for line in told.splitlines()]
    assert {line["service"] for line in lines} == {"things"}
    assert sum(line["event"] == "request" and line["route"] == "/api/v1/things/public" for line in lines) == 61


def test_several_processes_end_with_the_reason_when_one_cannot_start(start: Start) -> None:
    serving = start(WRONG="yes")
    _, told = serving.communicate(timeout=60)
    assert serving.returncode == UNUSABLE_CONFIGURATION
    assert told.count("The things service cannot start: WRONG must be empty.") == 1
    assert "Traceback" not in told


def test_a_wrong_number_of_processes_is_refused(start: Start) -> None:
    serving = start(ACCUNODE_PROCESSES="17")
    _, told = serving.communicate(timeout=60)
    assert serving.returncode == UNUSABLE_CONFIGURATION
    assert "ACCUNODE_PROCESSES" in told


@pytest.mark.parametrize(("told", "here", "expected"), [("0", 3, 3), ("2", 4, 2)])
def test_none_named_is_one_for_each_processor(
    told: str, here: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setenv("ACCUNODE_PROCESSES", told)
    monkeypatch.setattr("accunode_common.serve.processes_here", lambda: here)
    monkeypatch.setattr("accunode_common.serve._serve_by_several", lambda *given: asked.append(given[-1]) or 0)
    assert serve(Service("anything", "anything", 1, ("/api/v1/anything",))) == 0
    assert asked == [expected]
