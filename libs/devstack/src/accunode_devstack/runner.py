"""Runs one part of the stack, and starts it again whenever it ends by itself, after pauses that grow.

It imports nothing but the standard library and its neighbour `guard`, as every part has one. Usage:
python -I -m accunode_devstack.runner NAME NOTE STOP_SIGNAL PATIENCE UID GID COMMAND...   (-1: the caller's own)

NOTE is a JSON file: `pid` of the running program (null between two runs), when it began, how often it was started
again, and how it last ended. SIGTERM stops the program and the runner. A runner that is killed takes its program along
where the system can do that (Linux).
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from accunode_devstack import guard

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
CANNOT_START = 127
SETTLED_AFTER = 60.0
"""Seconds after which a run counts as one that worked: the next pause is short again."""


class Runner:
    """One part. `note` is the file that tells others about it."""

    def __init__(self, name: str, note: Path, stop_signal: int, patience: float, command: list[str]) -> None:
        self._name = name
        self._note = note
        self._stop_signal = stop_signal
        self._patience = patience
        self._command = command
        self._facts: dict[str, Any] = {"pid": None, "since": None, "restarts": 0, "last_exit": None, "last_end": None}
        self._stopping = False
        self._woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_stop)

    def run(self, account: dict[str, Any]) -> int:
        """Until told to stop."""
        failures = 0
        while not self._stopping:
            begun = time.monotonic()
            code = self._run_once(account)
            if code is None:
                break
            failures = failures + 1 if time.monotonic() - begun < SETTLED_AFTER else 1
            pause = min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
            again = self._facts["restarts"] + 1
            self._tell(pid=None, since=None, restarts=again, last_exit=code, last_end=_now())
            self._say(f"ended with {code}; it starts again in {pause:g} s")
            until = time.monotonic() + pause
            while not self._stopping and (left := until - time.monotonic()) > 0:
                self._wait(left)
        self._note.unlink(missing_ok=True)
        return 0

    def _run_once(self, account: dict[str, Any]) -> int | None:
        """The exit code of a program that ended by itself; None when it was stopped."""
        try:
            program = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_parent(self._stop_signal),  # noqa: PLW1509 - the runner has one thread
                **account,
            )
        except OSError as error:
            self._say(f"cannot be started: {error.strerror}")
            return CANNOT_START
        self._tell(pid=program.pid, since=_now())
        while program.poll() is None and not self._stopping:
            self._wait(None)
        if program.returncode is None:
            guard.end(program, self._stop_signal, self._patience)
            return None
        _end_rest_of(program.pid)
        return program.returncode

    def _on_stop(self, *_: Any) -> None:
        self._stopping = True

    def _wait(self, seconds: float | None) -> None:
        """Until the time is over, the program has ended or a stop is asked for."""
        if not self._stopping:
            select.select([self._woken], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 1024)

    def _say(self, what: str) -> None:
        sys.stdout.write(f"{_now()} {self._name} {what}\n")
        sys.stdout.flush()

    def _tell(self, **facts: Any) -> None:
        self._facts |= facts
        unfinished = self._note.with_name(f".{self._note.name}")
        unfinished.write_text(json.dumps(self._facts))
        unfinished.replace(self._note)


def _die_with_parent(stop_signal: int) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl, set_parent_death_signal = ctypes.CDLL(None).prctl, 1
    return lambda: prctl(set_parent_death_signal, stop_signal)


def _end_rest_of(session: int) -> None:
    """What a program leaves behind when it dies would work on beside the next one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def main(arguments: list[str]) -> int:
    """Run what the arguments name."""
    name, note, stop_signal, patience, uid, gid, *command = arguments
    account = {} if int(uid) < 0 else {"user": int(uid), "group": int(gid), "extra_groups": []}
    return Runner(name, Path(note), int(stop_signal), float(patience), command).run(account)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
