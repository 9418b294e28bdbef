"""Detached processes: started, found again, told from strangers, and stopped.

A record of each lies in `run/NAME.json`. A process number alone proves nothing, as the system gives it out again, so
a record also holds when the process began and what its program is called; a process that fits not all is left alone.
What is recorded is the program's runner, which starts it again when it ends and tells how it is in a note beside.
"""

import contextlib
import json
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from accunode_devstack.errors import DevstackError
from accunode_devstack.launch import Program, wait_until
from accunode_devstack.state import State, read_json, write_json

# A machine's clock may be set while a process runs, which moves the start that the system reports.
START_TOLERANCE = 2.0
LOG_LIMIT = 10_000_000
START_SECONDS = 30.0
RUNNER_SECONDS = 3.0
"""How much longer a runner may take to end than its program."""


@dataclass(frozen=True)
class Running:
    """A part that the stack started and keeps running.

    `process` is its runner. `pid` is the program's own process, None while it waits to be started again; `restarts`
    counts how often that happened, and `last_exit` is the code it ended with the last time.
    """

    name: str
    process: psutil.Process
    port: int | None
    stop_signal: int
    stop_after: float
    pid: int | None
    since: datetime | None
    restarts: int
    last_exit: int | None

    @property
    def memory(self) -> int:
        """Bytes that it and its children hold; what they share counts once where the system can tell (Linux)."""
        return sum(self.memory_by_process)

    @property
    def memory_by_process(self) -> list[int]:
        """The same for each of them."""
        held = []
        for process in _family(self.process):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                memory = process.memory_full_info()
                held.append(int(getattr(memory, "pss", memory.rss)))
        return held


class Supervisor:
    """Starts, finds and stops the processes of one state folder."""

    def __init__(self, state: State) -> None:
        self._state = state

    def start(self, program: Program) -> Running:
        """Start `program` with its output appended to its log. Raises OSError when it cannot be started."""
        log = self.log_of(program.name)
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        note = self._note_of(program.name)
        note.unlink(missing_ok=True)
        with log.open("ab") as output:
            log.chmod(0o600)
            started = program.start(output, note)
        # It is meant to outlive this process, so nobody here waits for its end.
        started.returncode = 0
        process = psutil.Process(started.pid)
        record = {
            "name": program.name,
            "pid": started.pid,
            "create_time": process.create_time(),
            "program": process.name(),
            "command": list(program.command),
            "port": program.port,
            "stop_signal": int(signal.SIGTERM),
            "stop_after": program.stop_after + RUNNER_SECONDS,
        }
        write_json(self._record_of(program.name), record)
        wait_until(note.exists, alive=process.is_running, name=program.name, limit=START_SECONDS)
        return self._running(program.name, process, record)

    def find(self, name: str) -> Running | None:
        """The process `name` if it runs; a record that fits no process is deleted."""
        path = self._record_of(name)
        if not path.exists():
            return None
        record = read_json(path)
        try:
            process = _same_process(record["pid"], record["create_time"], record["program"])
            if process is not None:
                return self._running(name, process, record)
        except (KeyError, TypeError):
            raise DevstackError(f"{path} is not readable as the stack's own: `make reset` starts afresh.") from None
        path.unlink()
        return None

    def _running(self, name: str, process: psutil.Process, record: Mapping[str, Any]) -> Running:
        note = _note(self._note_of(name))
        pid = note.get("pid")
        since = note.get("since")
        return Running(
            name=name,
            process=process,
            port=record["port"],
            stop_signal=record["stop_signal"],
            stop_after=record["stop_after"],
            pid=pid if pid is not None and psutil.pid_exists(pid) else None,
            since=datetime.fromisoformat(since) if since else None,
            restarts=note.get("restarts", 0),
            last_exit=note.get("last_exit"),
        )

    def last_port(self, name: str) -> int | None:
        """The port that `name` had when it was last started: worth asking for again."""
        path = self._state.run / f"{name}.port"
        try:
            return int(path.read_text())
        except (OSError, ValueError):
            return None

    def remember_port(self, name: str, port: int) -> None:
        (self._state.run / f"{name}.port").write_text(str(port))

    def alive(self, name: str) -> bool:
        found = self.find(name)
        return found is not None and found.process.status() != psutil.STATUS_ZOMBIE

    def stop(self, names: Iterable[str]) -> list[str]:
        """Stop the processes `names` side by side, with what they started; returns those that were running."""
        running = [found for name in names if (found := self.find(name)) is not None]
        families = {found.name: _family(found.process) for found in running}
        for found in running:
            with contextlib.suppress(psutil.NoSuchProcess):
                found.process.send_signal(found.stop_signal)
        begun = time.monotonic()
        for found in sorted(running, key=lambda each: each.stop_after):
            patience = max(found.stop_after - (time.monotonic() - begun), 0.1)
            _gone, stubborn = psutil.wait_procs([found.process], timeout=patience)
            leftovers = stubborn + [process for process in families[found.name] if process.is_running()]
            for process in leftovers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(leftovers, timeout=5)
            self._record_of(found.name).unlink(missing_ok=True)
            self._note_of(found.name).unlink(missing_ok=True)
        return [found.name for found in running]

    def log_of(self, name: str) -> Path:
        return self._state.log / f"{name}.log"

    def last_lines(self, name: str, count: int = 15) -> list[str]:
        log = self.log_of(name)
        if not log.exists():
            return []
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - 64_000, 0))
            return file.read().decode(errors="replace").splitlines()[-count:]

    def _record_of(self, name: str) -> Path:
        return self._state.run / f"{name}.json"

    def _note_of(self, name: str) -> Path:
        return self._state.run / f"{name}.note.json"


def _note(path: Path) -> dict[str, Any]:
    """What a runner tells; nothing before it has begun."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _same_process(pid: int, create_time: float, program: str) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        same = abs(process.create_time() - create_time) <= START_TOLERANCE and process.name() == program
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return process if same else None


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
