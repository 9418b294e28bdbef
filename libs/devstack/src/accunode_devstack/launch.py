"""What a program needs to run, said once for the stack's supervisor and for the test fixtures."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from accunode_devstack.accounts import Account
from accunode_devstack.errors import DevstackError


@dataclass(frozen=True)
class Program:
    """A long-running program. `stop_after` is the patience in seconds between `stop_signal` and SIGKILL."""

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_after: float = 10.0
    port: int | None = None

    def start(self, output: IO[bytes], note: Path) -> subprocess.Popen[bytes]:
        """Start a runner that keeps the program running and tells about it in the file `note`.

        It has a session of its own, so that Ctrl-C in the terminal does not reach it.
        """
        uid, gid = (self.account.uid, self.account.gid) if self.account else (-1, -1)
        order = [self.name, note, int(self.stop_signal), self.stop_after, uid, gid]
        return subprocess.Popen(
            [sys.executable, "-I", "-m", "accunode_devstack.runner", *map(str, order), *self.command],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_until(
    ready: Callable[[], bool], *, alive: Callable[[], bool], name: str, limit: float, pause: float = 0.03
) -> None:
    """Poll `ready` until it is true.

    Raises DevstackError when the program is gone (`alive` is false) or `limit` seconds have passed.
    """
    deadline = time.monotonic() + limit
    while not ready():
        if not alive():
            raise DevstackError(f"{name} stopped while it was starting.")
        if time.monotonic() > deadline:
            raise DevstackError(f"{name} did not become ready within {limit:.0f} seconds.")
        time.sleep(pause)
