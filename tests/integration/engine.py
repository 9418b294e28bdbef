"""Whether containers can be run here, and the images for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# Clean-up is the fixtures' own; published ports are reached on this machine, also from inside a container.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")

import docker

from accunode_devstack.surroundings import why_no_images

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


def why_no_containers() -> str | None:
    """None when the product can be run in containers here, else the reason in a sentence."""
    if os.environ.get(CHOICE) == "embedded":
        return f"{CHOICE} asks for the embedded stack"
    return why_no_images(*BASES)
