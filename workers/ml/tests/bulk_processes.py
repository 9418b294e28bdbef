"""The relay and the worker as real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

RELAY = (sys.executable, "-m", "accunode_ml.relay")
WORKER = (
    *(sys.executable, "-m", "celery", "-A", "accunode_ml.app", "worker", "-c", "2", "--loglevel", "INFO"),
    *("-Q", "interactive,bulk,maintenance", "--without-gossip", "--without-mingle"),
)


class Process:
    """One started program with its own process group, log and heartbeat file."""

    def __init__(self, name: str, command: tuple[str, ...], folder: Path, settings: Mapping[str, Any]) -> None:
        self.heartbeat = folder / f"{name}.heartbeat"
        self.log = folder / f"{name}.log"
        self.heartbeat.unlink(missing_ok=True)
        known = {f"ACCUNODE_{key.upper()}": str(value) for key, value in settings.items()}
        environment = {**os.environ, **known, "ACCUNODE_HEARTBEAT_FILE": str(self.heartbeat)}
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True, cwd=folder
            )

    def ready(self) -> "Process":
        """Wait for the first heartbeat."""
        wait_until(lambda: self.heartbeat.exists() or self.popen.poll() is not None, seconds=60)
        assert self.popen.poll() is None, self.said()
        return self

    def said(self) -> str:
        """The log."""
        return self.log.read_text()

    def kill(self) -> None:
        """End it and its children at once, as a power cut would."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(10)

    def terminate(self, *, seconds: float = 30) -> int:
        """Ask it to end; its exit code."""
        self.popen.terminate()
        return self.popen.wait(seconds)


def wait_until(holds: Callable[[], Any], *, seconds: float) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not come about within {seconds:.0f} s"
        time.sleep(0.05)
