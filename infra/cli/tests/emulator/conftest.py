"""The emulator, and the command line aimed at it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from infra.cli.tests.emulator.server import KEYS, REGION, Emulator, serving
from typer.testing import CliRunner, Result

from accunode_infra.cli import app


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An empty account, and the environment of somebody who is signed in to it."""
    with serving() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("ACCUNODE_POLL_SECONDS", "0")
        yield running
        assert running.engine.faults == [], running.engine.faults[0]


@pytest.fixture
def cli(emulator: Emulator) -> Callable[..., Any]:
    """Runs a verb with `--json --yes`; gives its document. Any other exit code than `code` fails the test."""

    def run(*words: str, code: int = 0) -> Any:
        found: Result = CliRunner().invoke(app, [*words, "--json", "--yes"])
        assert found.exit_code == code, (
            f"{words}: {found.exit_code}\n{found.stdout}\n{found.stderr[-3000:]}\n{found.exception!r}"
        )
        return json.loads(found.stdout) if found.stdout else {}

    return run
