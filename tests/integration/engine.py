"""Whether containers can be run here, and the images for it."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager

# Clean-up is the fixtures' own; published ports are reached on this machine, also from inside a container.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")

import docker
from docker.errors import DockerException, ImageNotFound

BASES = ("python:3.11-slim-bookworm", "postgres:18", "redis:7", "nginx:1.27")
CHOICE = "ACCUNODE_INTEGRATION"


@contextmanager
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine, closed in the end."""
    client = docker.from_env(timeout=300)
    try:
        yield client
    finally:
        client.close()


@functools.cache
def why_no_containers() -> str | None:
    """None when containers can be run here, else the reason in a sentence."""
    if os.environ.get(CHOICE) == "embedded":
        return f"{CHOICE} asks for the embedded stack"
    try:
        with engine() as client:
            client.ping()
            missing = [base for base in BASES if not _at_hand(client, base)]
    except DockerException as error:
        return f"no Docker engine answers here ({type(error).__name__})"
    if missing:
        return f"the base images {', '.join(missing)} can neither be found nor pulled here"
    return None


@functools.cache
def has_image(name: str) -> bool:
    """Whether an image is here or can be pulled."""
    with engine() as client:
        return _at_hand(client, name)


def _at_hand(client: docker.DockerClient, name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        try:
            client.images.pull(name)
        except DockerException:
            return False
    return True
