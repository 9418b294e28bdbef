"""The emulator, and the command line aimed at it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from infra.cli.tests.emulator.server import KEYS, REGION, Emulator, serving
from infra.cli.tests.emulator.stage import DOMAIN, certificate, push, write_secrets
from typer.testing import CliRunner

from accunode_infra.cli import app

Cli = Callable[..., Any]


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


def deployed(emulator: Emulator) -> Product:
    """Deploy everything as somebody would: the first phase, secrets and images, the rest."""
    cli = aimed_at(emulator)
    cli("deploy", "--phase", "1")
    write_secrets(emulator)
    images = push(emulator, "v1")
    edge = ["--set", f"edge.CertificateArn={certificate(emulator)}", "--set", f"edge.DomainName={DOMAIN}"]
    return Product(emulator, cli, images, cli("deploy", "--image", "v1", *edge))
