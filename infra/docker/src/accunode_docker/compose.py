"""A composed stack, reached through compose's own commands."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accunode_docker.errors import DockerError
from accunode_docker.images import REPOSITORY, docker

LOADED_WITHIN = 180.0
PAUSE = 0.5


@dataclass(frozen=True)
class Compose:
    """A composed stack: its project's name and a file with its variables, None for compose's own choice."""

    project: str | None = None
    env_file: Path | None = None

    def __call__(self, *arguments: str) -> str:
        """What a compose command prints.

        Raises:
            DockerError: It fails.
        """
        options = ["--project-directory", str(REPOSITORY)]
        options += ["--project-name", self.project] if self.project else []
        options += ["--env-file", str(self.env_file)] if self.env_file else []
        return docker("compose", *options, *arguments)

    def container(self, service: str) -> str:
        """The id of the service's own container.

        Raises:
            DockerError: It does not run.
        """
        found = self("ps", "--quiet", service).split()
        if not found:
            raise DockerError(f"{service} does not run: start the stack first.")
        return found[0]

    def state(self, service: str) -> dict[str, Any]:
        """What the engine knows of the state of a service's own container, also of one that has ended.

        Raises:
            DockerError: It was never started.
        """
        found = self("ps", "--all", "--quiet", service).split()
        if not found:
            raise DockerError(f"{service} was never started.")
        state: dict[str, Any] = json.loads(docker("inspect", "--format", "{{json .State}}", found[0]))
        return state

    def await_demo(self, *, seconds: float = LOADED_WITHIN) -> None:
        """Return when the demo is loaded.

        Raises:
            DockerError: Loading fails, or is not done after so many seconds.
        """
        end = time.monotonic() + seconds
        while (state := self.state("demo"))["Status"] != "exited":
            if time.monotonic() > end:
                raise DockerError(f"The demo is still not loaded: {self('logs', '--tail', '5', 'demo')}")
            time.sleep(PAUSE)
        if state["ExitCode"] != 0:
            raise DockerError(f"The demo could not be loaded: {self('logs', '--tail', '5', 'demo')}")

    def sign_ins(self) -> dict[str, Any]:
        """The demo's address and users."""
        shown: dict[str, Any] = json.loads(self("run", "--rm", "--no-deps", "-T", "demo", "demo", "--show"))
        return shown
