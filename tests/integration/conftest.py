"""One fixture gives the whole product: in containers where an engine answers, else embedded."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from tests.e2e.api import Analyst
from tests.integration.engine import engine, why_no_containers
from tests.integration.stacks import ContainerStack, EmbeddedStack, Stack

from accunode_devstack.surroundings import without_containers

HERE = Path(__file__).parent
BUILD_SECONDS = 1800


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "containers: needs a Docker engine; without one skipped, or failed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            # The first test builds the images.
            item.add_marker(pytest.mark.timeout(BUILD_SECONDS))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("containers") and (reason := why_no_containers()):
        without_containers(reason)


@pytest.fixture(scope="package")
def docker_client() -> Iterator[docker.DockerClient]:
    """A client of the Docker engine."""
    with engine() as client:
        yield client


@pytest.fixture(scope="package")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running product with the demo in it."""
    if why_no_containers() is None:
        client = request.getfixturevalue("docker_client")
        running: Stack = ContainerStack(client, tmp_path_factory.mktemp("compose"))
    else:
        running = EmbeddedStack()
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="package")
def containers(stack: Stack) -> ContainerStack:
    """The product in containers, for tests that look at those themselves."""
    assert isinstance(stack, ContainerStack)
    return stack


@pytest.fixture(scope="package")
def member(stack: Stack) -> Iterator[Analyst]:
    """The analyst of the first tenant."""
    with stack.sign_in("org_member", tenant=0) as analyst:
        yield analyst
