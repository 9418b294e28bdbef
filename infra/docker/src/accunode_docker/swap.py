"""Replaces one service of a composed stack without losing a request.

The new image starts beside the running copy, takes a small share of the requests, then all; meanwhile compose
recreates its own copy from the new image, which takes over in the end. So compose knows what runs when it is done.
"""

import json
import subprocess
import time
from collections.abc import Callable

from accunode_common.routing import SERVICES
from accunode_docker.compose import Compose
from accunode_docker.errors import DockerError
from accunode_docker.images import docker

HEALTHY_LIMIT = 90.0
PAUSE = 0.5
SETTLE_SECONDS = 2.0
"""How long requests under way may need to reach their copy after the shares have changed."""


def swap(service: str, compose: Compose, *, first_share: int = 10, say: Callable[[str], None] = lambda _: None) -> None:
    """Replace a service by the image that compose now has for it.

    Args:
        service: Its name in the path table.
        compose: The stack.
        first_share: Percent of the requests that the new copy gets at first.
        say: Takes a line of progress at a time.

    Raises:
        DockerError: The new copy does not become healthy, or a step fails; the old copy then has all requests again.
    """
    if service not in {each.name for each in SERVICES}:
        raise DockerError(f"{service} is not behind the gateway: {', '.join(each.name for each in SERVICES)} are.")
    old = compose.container(service)
    beside = f"{_project_of(old)}-{service}-next"
    _remove(beside)
    compose("run", "--detach", "--no-deps", "--name", beside, service)
    try:
        _await_health(beside)
        say(f"The new copy takes {first_share} % of the requests")
        _share(compose, service, {service: 100 - first_share, beside: first_share})
        time.sleep(SETTLE_SECONDS)
        say("It takes all of them")
        _share(compose, service, {service: 0, beside: 100})
        time.sleep(SETTLE_SECONDS)
    except DockerError:
        _share(compose, service, {service: 100})
        _remove(beside)
        raise
    compose("up", "--detach", "--no-deps", service)
    _await_health(compose.container(service))
    _share(compose, service, {service: 100})
    time.sleep(SETTLE_SECONDS)
    docker("stop", beside)
    _remove(beside)
    say(f"{service} is replaced")


def _share(compose: Compose, service: str, shares: dict[str, int]) -> None:
    compose("exec", "-T", "gateway", "weights", service, *(f"{host}={share}" for host, share in shares.items()))


def _await_health(container: str) -> None:
    end = time.monotonic() + HEALTHY_LIMIT
    while True:
        state = json.loads(docker("inspect", "--format", "{{json .State}}", container))
        health = state.get("Health", {}).get("Status")
        if health == "healthy":
            return
        if not state["Running"] or time.monotonic() > end:
            lines = docker("logs", "--tail", "5", container)
            raise DockerError(f"{container} is {health or state['Status']}, not healthy. Its last lines:\n{lines}")
        time.sleep(PAUSE)


def _project_of(container: str) -> str:
    return docker("inspect", "--format", '{{index .Config.Labels "com.docker.compose.project"}}', container)


def _remove(container: str) -> None:
    subprocess.run(["docker", "rm", "--force", container], capture_output=True, check=False)  # noqa: S603, S607
