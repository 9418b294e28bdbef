"""What a container says and does when something that it needs is missing, and that it recovers by itself."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container
from testcontainers.community.postgres import PostgresContainer
from tests.integration.stacks import TAG, ContainerStack
from tests.integration.waiting import within

from accunode_common.db.access import LOGIN_ROLES
from accunode_devstack.surroundings import why_no_images, without_containers

pytestmark = pytest.mark.containers

SECONDS = 60.0
OLD_POSTGRES = "postgres:15"
HOST = "another-postgres"
ROLE_PASSWORD = "a-long-password-for-a-test"
READ_SECRETS = """
import json, pathlib
files = [file for file in pathlib.Path("/run/secrets").iterdir() if file.is_file()]
print(json.dumps({file.name: file.read_text() for file in files}))
"""


@contextmanager
def started(client: docker.DockerClient, image: str, **options: Any) -> Iterator[Container]:
    """A container, as hardened as compose makes it; removed in the end."""
    hardened = {"read_only": True, "cap_drop": ["ALL"], "tmpfs": {"/tmp": "mode=1777"}}
    container = client.containers.run(f"accunode/{image}:{TAG}", detach=True, **hardened, **options)
    try:
        yield container
    finally:
        container.remove(force=True, v=True)


@contextmanager
def postgres(client: docker.DockerClient, image: str, network: str) -> Iterator[PostgresContainer]:
    """An empty server that the network knows as `HOST`."""
    with PostgresContainer(image, driver=None) as server:
        client.networks.get(network).connect(server.get_wrapped_container().id, aliases=[HOST])
        yield server


def said(container: Container) -> list[str]:
    """The lines that a container has written."""
    return [str(line) for line in container.logs().decode().strip().splitlines()]


def answers(container: Container, service: str) -> str:
    """What the service in the container says of its readiness; nothing when it is ready."""
    container.reload()
    if container.status != "running":
        return str(container.status)
    return str(container.exec_run(["python", "-I", "-m", "accunode_common.probe", service, "/ready"]).output.decode())


@pytest.mark.parametrize(
    ("image", "entrypoint", "beginning"),
    [
        ("auth", None, "The auth service cannot start: "),
        ("bulk-upload", None, "The bulk-upload service cannot start: "),
        ("worker", None, "The environment is not usable: "),
        ("worker", ["python", "-m", "accunode_ml.relay"], "The relay cannot start: "),
    ],
)
def test_a_missing_secret_is_named_in_one_line(
    docker_client: docker.DockerClient,
    containers: ContainerStack,
    image: str,
    entrypoint: list[str] | None,
    beginning: str,
) -> None:
    options = {"entrypoint": entrypoint, "command": []} if entrypoint else {}
    with started(docker_client, image, network_mode="none", **options) as container:
        assert container.wait(timeout=SECONDS)["StatusCode"] != 0
        lines = said(container)
        assert len(lines) == 1, lines
        assert lines[0].startswith(beginning)
        assert "ACCUNODE_DATABASE_URL: Field required" in lines[0]


def test_a_service_starts_by_itself_once_its_secrets_are_there(
    docker_client: docker.DockerClient, containers: ContainerStack, tmp_path: Path
) -> None:
    secrets = containers.container("tenants").exec_run(["python", "-c", READ_SECRETS])
    environment = {"ACCUNODE_SECRETS_DIR": "/run/secrets", "ACCUNODE_JWKS_URL": "http://gateway:8080/jwks.json"}
    tmp_path.chmod(0o755)
    tmp_path.parent.chmod(0o755)
    with started(
        docker_client,
        "tenants",
        environment=environment,
        volumes={str(tmp_path): {"bind": "/run/secrets", "mode": "ro"}},
        network=f"{containers.project}_data",
        restart_policy={"Name": "on-failure"},
    ) as container:
        within(SECONDS, lambda: any("ACCUNODE_DATABASE_URL" in line for line in said(container)))
        for name, content in json.loads(secrets.output).items():
            (tmp_path / name).write_text(content)
            (tmp_path / name).chmod(0o644)
        within(SECONDS, lambda: answers(container, "tenants") == "")


def test_a_service_is_unready_until_the_migrations_are_at_head(
    docker_client: docker.DockerClient, containers: ContainerStack
) -> None:
    redis_url = containers.container("tenants").exec_run(["cat", "/run/secrets/accunode_redis_url"]).output.decode()
    network = f"{containers.project}_data"
    with postgres(docker_client, "postgres:18", network) as server:
        address = f"@{HOST}:5432"
        roles = json.dumps(dict.fromkeys(LOGIN_ROLES, ROLE_PASSWORD))
        prepared = {
            "ACCUNODE_ADMIN_URL": f"postgresql://{server.username}:{server.password}{address}/{server.dbname}",
            "ACCUNODE_ROLE_PASSWORDS": roles,
            "ACCUNODE_DATABASE": "fresh",
        }
        environment = {
            "ACCUNODE_DATABASE_URL": f"postgresql://accunode_tenants:{ROLE_PASSWORD}{address}/fresh",
            "ACCUNODE_REDIS_URL": redis_url,
            "ACCUNODE_JWKS_URL": "http://gateway:8080/jwks.json",
        }
        with started(docker_client, "tenants", environment=environment, network=network) as service:
            waiting = within(SECONDS, lambda: '"migrations":"failed"' in answers(service, "tenants"))
            assert waiting
            with started(docker_client, "setup", command=["prepare"], environment=prepared, network=network) as setup:
                assert setup.wait(timeout=SECONDS)["StatusCode"] == 0, said(setup)
            within(SECONDS, lambda: answers(service, "tenants") == "")


def test_a_lost_redis_makes_every_service_unready_until_it_is_back(containers: ContainerStack) -> None:
    names = ("auth", "tenants", "predictions", "bulk-upload")
    containers.container("redis").stop(timeout=5)
    try:
        unready = within(
            SECONDS, lambda: _all(names, lambda name: '"redis":"failed"' in containers.ask(name, "/ready"))
        )
        assert unready
        assert {containers.ask(name, "/health") for name in names} == {""}
    finally:
        containers.container("redis").start()
    within(SECONDS, lambda: _all(names, lambda name: containers.ask(name, "/ready") == ""))


def _all(names: Sequence[str], holds: Callable[[str], bool]) -> bool:
    return all(holds(name) for name in names)


@pytest.mark.parametrize("process", ["worker", "relay"])
def test_a_worker_without_redis_says_so_in_one_line_and_ends(
    docker_client: docker.DockerClient, containers: ContainerStack, process: str
) -> None:
    environment = {
        "ACCUNODE_DATABASE_URL": f"postgresql://accunode_worker:{ROLE_PASSWORD}@postgres:5432/accunode",
        "ACCUNODE_REDIS_URL": "redis://:a-password@no-such-host:6379/0",
        "ACCUNODE_STORAGE_URL": "file:///tmp/objects",
        "ACCUNODE_STARTUP_SECONDS": "1",
    }
    options = {"entrypoint": ["python", "-m", "accunode_ml.relay"], "command": []} if process == "relay" else {}
    network = f"{containers.project}_data"
    with started(docker_client, "worker", environment=environment, network=network, **options) as container:
        assert container.wait(timeout=SECONDS)["StatusCode"] != 0
        lines = said(container)
        assert lines[-1].startswith(f"The {process} cannot start: Redis did not answer within 1 s"), lines
        assert not any("Traceback" in line for line in lines)


@pytest.mark.parametrize("wrong", ["password", "version"])
def test_a_database_that_cannot_be_used_is_refused_in_one_line(
    docker_client: docker.DockerClient, containers: ContainerStack, wrong: str
) -> None:
    image = OLD_POSTGRES if wrong == "version" else "postgres:18"
    if reason := why_no_images(image):
        without_containers(reason)
    network = f"{containers.project}_data"
    with postgres(docker_client, image, network) as server:
        password = "not-the-password" if wrong == "password" else server.password
        environment = {
            "ACCUNODE_ADMIN_URL": f"postgresql://{server.username}:{password}@{HOST}:5432/{server.dbname}",
            "ACCUNODE_ROLE_PASSWORDS": json.dumps(dict.fromkeys(LOGIN_ROLES, ROLE_PASSWORD)),
        }
        with started(docker_client, "setup", command=["prepare"], environment=environment, network=network) as setup:
            assert setup.wait(timeout=SECONDS)["StatusCode"] == 1
            lines = said(setup)
        assert len(lines) == 1, lines
        expected = "is too old: AccuNode needs version 16 or later" if wrong == "version" else "The database cannot be"
        assert expected in lines[0]
