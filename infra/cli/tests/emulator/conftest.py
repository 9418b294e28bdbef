"""The emulator, and the command line aimed at it."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from infra.cli.tests.emulator.server import KEYS, REGION, Emulator, serving
from infra.cli.tests.emulator.stage import DOMAIN, IMAGES, certificate
from typer.testing import CliRunner

from accunode_infra.cli import app

Cli = Callable[..., Any]
PROGRAMS = Path(__file__).parent / "programs"
"""A git that has a commit checked out, and a docker that pushes to the emulator; nothing is built."""
COMMIT = "0123456789ab"


def aimed_at(emulator: Emulator) -> Cli:
    """Runs a verb with `--json --yes` as somebody who is signed in; gives its document.

    Any other exit code than `code` fails the test.
    """
    signed_in = {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
        "AWS_REGION": REGION,
        "ACCUNODE_POLL_SECONDS": "0",
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "CHECKED_OUT": COMMIT,
    }

    def run(*words: str, code: int = 0, **more: str) -> Any:
        found = CliRunner().invoke(app, [*words, "--json", "--yes"], env=signed_in | more)
        said = f"{words}: {found.exit_code}\n{found.stdout}\n{found.stderr[-3000:]}\n{found.exception!r}"
        assert found.exit_code == code, said
        return json.loads(found.stdout) if found.stdout else {}

    return run


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An empty account."""
    with serving() as running:
        yield running
        assert running.engine.faults == []


@pytest.fixture
def cli(emulator: Emulator) -> Cli:
    """The command line, aimed at the emulator."""
    return aimed_at(emulator)


@dataclass
class Product:
    """A deployed product: what deploying it said, and the images that run."""

    emulator: Emulator
    cli: Cli
    images: dict[str, str]
    said: dict[str, Any]


def first_deploy(emulator: Emulator) -> list[str]:
    """The one command that somebody with an issued certificate types in an empty account."""
    return ["deploy", "--set", f"edge.CertificateArn={certificate(emulator)}", "--set", f"edge.DomainName={DOMAIN}"]


def deployed(emulator: Emulator) -> Product:
    """Deploy everything as somebody would, by one command."""
    cli = aimed_at(emulator)
    said = cli(*first_deploy(emulator))
    return Product(emulator, cli, {name: _pushed(emulator, name) for name in IMAGES}, said)


def _pushed(emulator: Emulator, name: str) -> str:
    repository = f"accunode/{name}"
    found = emulator.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": COMMIT}])
    (image,) = found["imageDetails"]
    return f"{image['registryId']}.dkr.ecr.{REGION}.amazonaws.com/{repository}@{image['imageDigest']}"
