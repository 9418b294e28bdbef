"""What a program needs to run, said once for the stack's supervisor and for the test fixtures."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from accunode_devstack.accounts import Account, as_account
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

    def start(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the program in a session of its own, so that Ctrl-C in the terminal does not reach it."""
        return subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **as_account(self.account),
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
