"""The whole product for these tests: in containers, or embedded where there is no engine. Both are used alike."""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import docker
import psutil
from docker.models.containers import Container
from testcontainers.compose import DockerCompose
from tests.e2e.api import Analyst

from accunode_devstack.ports import free_port
from accunode_docker.compose import Compose
from accunode_docker.images import docker as docker_command

REPOSITORY = Path(__file__).resolve().parents[2]
TAG = "integration"
LEASE_SECONDS = "6"
# Tests that load the stack send more than a person may.
RATE_LIMIT = "1000000"


@functools.cache
def build_images() -> None:
    """Build every image of the product, once in a run."""
    docker_command(
        *("compose", "--project-directory", str(REPOSITORY), "build"), environment=os.environ | {"ACCUNODE_TAG": TAG}
    )


class Stack(ABC):
    """A running product with the demo in it."""

    base_url: str
    users: tuple[dict[str, Any], ...]

    def user(self, role: str, *, tenant: int) -> dict[str, Any]:
        """The demo user of a role in the first or second tenant."""
        tenants = sorted({user["tenant"] for user in self.users if user["role"] == "org_member"})
        return next(user for user in self.users if user["role"] == role and user["tenant"] == tenants[tenant])

    def sign_in(self, role: str, *, tenant: int) -> Analyst:
        """A signed-in demo user."""
        user = self.user(role, tenant=tenant)
        return Analyst(self.base_url, user["email"], user["password"])

    @abstractmethod
    def start(self) -> None:
        """Start everything and load the demo."""

    @abstractmethod
    def stop(self) -> None:
        """Stop everything, and delete what it wrote."""

    @abstractmethod
    def kill_worker(self) -> None:
        """End the worker as a lost machine would: at once."""

    @abstractmethod
    def start_worker(self) -> None:
        """Start a worker again."""


class ContainerStack(Stack):
    """The composed stack, as `docker compose up` starts it."""

    def __init__(self, client: docker.DockerClient, folder: Path) -> None:
        self.client = client
        self.project = f"accunode-{os.getpid()}"
        self._variables = folder / "compose.env"
        self._variables.write_text(
            f"COMPOSE_PROJECT_NAME={self.project}\nACCUNODE_TAG={TAG}\nACCUNODE_PORT={free_port()}\n"
            f"ACCUNODE_CHUNK_LEASE_SECONDS={LEASE_SECONDS}\nACCUNODE_RATE_LIMIT_REQUESTS={RATE_LIMIT}\n"
        )
        self.compose = DockerCompose(
            REPOSITORY, build=False, wait=False, env_file=str(self._variables), keep_volumes=False
        )
        self.command = Compose(self.project, self._variables)

    def start(self) -> None:
        build_images()
        self.compose.start()
        self.command.await_demo()
        host, port = self.compose.get_service_host_and_port("gateway", 8080)
        self.base_url = f"http://{host}:{port}"
        self.users = tuple(self.command.sign_ins()["users"])

    def stop(self) -> None:
        self.command("down", "--volumes", "--timeout", "5", "--remove-orphans")

    def kill_worker(self) -> None:
        self.container("worker").kill()

    def start_worker(self) -> None:
        self.command("up", "--detach", "--no-deps", "worker")

    def container(self, service: str) -> Container:
        """A service's own container, running or not."""
        return self.containers(service)[0]

    def containers(self, service: str) -> list[Container]:
        """All containers of a service, running or not."""
        wanted = {"label": [f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}"]}
        found: list[Container] = self.client.containers.list(all=True, filters=wanted)
        assert found, f"{service} has no container"
        return found

    def with_variables(self, **variables: str) -> Compose:
        """Compose's commands for this stack with other variables."""
        changed = self._variables.with_name("changed.env")
        changed.write_text(self._variables.read_text() + "".join(f"{k}={v}\n" for k, v in variables.items()))
        return Compose(self.project, changed)

    def sql(self, statement: str, *, detach: bool = False) -> str:
        """What the database's owner gets for a statement, without waiting for it if detached."""
        command = ["psql", "--username=postgres", "--dbname=accunode", "-XAtqc", statement]
        done = self.container("postgres").exec_run(command, detach=detach)
        if detach:
            return ""
        assert done.exit_code == 0, done.output
        return str(done.output.decode().strip())

    def ask(self, service: str, path: str) -> str:
        """What a service answers on its own port: nothing for 200, else its answer."""
        command = ["python", "-I", "-m", "accunode_common.probe", service, path]
        done = self.container(service).exec_run(command)
        return str(done.output.decode())


class EmbeddedStack(Stack):
    """The stack without Docker, as `make up` starts it, on ports and in a folder of its own."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="accunode-integration-"))
        self._environment = os.environ | {
            "ACCUNODE_PORT": str(free_port()),
            "ACCUNODE_STATE": str(self._folder),
            "ACCUNODE_CHUNK_LEASE_SECONDS": LEASE_SECONDS,
        }

    def start(self) -> None:
        self._run("up")
        demo = json.loads((self._folder / "demo.json").read_text())
        self.base_url, self.users = demo["base_url"], tuple(demo["users"])

    def stop(self) -> None:
        self._run("down")
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill_worker(self) -> None:
        worker = psutil.Process(json.loads((self._folder / "run" / "worker.json").read_text())["pid"])
        for process in (*worker.children(recursive=True), worker):
            process.kill()

    def start_worker(self) -> None:
        self._run("up")

    def _run(self, action: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "accunode_devstack", action],
            cwd=REPOSITORY,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
