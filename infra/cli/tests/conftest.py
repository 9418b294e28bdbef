"""What the command line's tests share: a command run as the shell would, with no credentials about."""

import functools
from collections.abc import Callable, Iterator

import botocore.session
import pytest
from typer.testing import CliRunner, Result

from accunode_infra.cli import app

Run = Callable[..., Result]


@pytest.fixture(scope="session", autouse=True)
def _aws_described_once() -> Iterator[None]:
    """Every session of botocore's reads its megabytes of service models from the disk; here all have one reader."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        yield


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach an account that the machine happens to be signed in to."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def run() -> Run:
    """Runs the command line: `run("plan", "--json")`."""

    def runner(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    return runner
