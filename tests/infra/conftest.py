"""One deployment for all tests: the templates' own tasks, on the engine that answers here."""

import fcntl
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest
from tests.e2e.api import Analyst
from tests.infra.cloud import DOMAIN, REGION, ROOTS, SETUP, cloud
from tests.infra.deployment import ENVIRONMENT, EXPORTS, Deployment, deploy, passwords
from tests.infra.parameter_store import written_by_the_cli
from tests.integration.engine import engine, why_no_containers
from tests.integration.stacks import build_images

from accunode_devstack.surroundings import without_containers

HERE = Path(__file__).parent
BUILD_SECONDS = 1800
PASSWORD = "a password of the demo's people"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "containers: needs a Docker engine; without one skipped, or failed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("containers"):
            # The first test builds the images.
            item.add_marker(pytest.mark.timeout(BUILD_SECONDS))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("containers") and (reason := why_no_containers()):
        without_containers(reason)


@contextmanager
def _alone() -> Iterator[None]:
    """One run at a time on a machine: the address of a node's agent is the same for all."""
    with (Path(tempfile.gettempdir()) / "accunode-agent.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="package")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The running product, without anybody in it."""
    build_images()
    store = written_by_the_cli(ENVIRONMENT, REGION, EXPORTS)
    folder = tmp_path_factory.mktemp("node")
    with _alone(), engine() as client, cloud(client, folder, passwords(store)) as made:
        yield deploy(made, store)


@pytest.fixture(scope="package")
def users(deployment: Deployment) -> list[dict[str, Any]]:
    """The demo's people, made through the load balancer."""
    store, folder = deployment.store, deployment.cloud.node
    script = (
        "import json, os; from accunode_devstack.demo.loader import Installation, load_people;"
        "place = Installation(os.environ['GATEWAY'], os.environ['ACCUNODE_DATABASE_URL']);"
        "print(json.dumps([user.entry() for user in load_people(place, os.environ['PASSWORD'])]))"
    )
    environment = {
        "ACCUNODE_DATABASE_URL": store[f"/accunode/{ENVIRONMENT}/auth/database-url"],
        "GATEWAY": f"https://{DOMAIN}",
        "PASSWORD": PASSWORD,
        "SSL_CERT_FILE": ROOTS,
    }
    node = docker.types.Mount(str(Path(ROOTS).parent), str(folder), type="bind", read_only=True)
    tool = {"image": SETUP, "environment": environment, "mounts": [node], "entrypoint": ["python", "-c", script]}
    found: list[dict[str, Any]] = json.loads(deployment.one_off(tool))
    return found


@pytest.fixture(scope="package")
def member(deployment: Deployment, users: list[dict[str, Any]]) -> Iterator[Analyst]:
    """An analyst, who comes through the load balancer."""
    user = next(each for each in users if each["role"] == "org_member")
    with Analyst(
        deployment.balancer.base_url, user["email"], user["password"], trusting=deployment.trusting()
    ) as analyst:
        yield analyst
