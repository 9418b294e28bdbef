"""The programs that look at the templates, and the templates."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CLOUDFORMATION = Path(__file__).resolve().parents[1]
LINTERS = CLOUDFORMATION.parents[1] / ".venv" / "infra" / "bin"

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def program() -> Program:
    """Runs a program of the linters' environment in the templates' folder: `program("cfn-lint", "--version")`."""

    def run(name: str, *arguments: str | Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
        if not (LINTERS / name).is_file():
            pytest.fail(f"{name} is not installed: `make test-infra` installs it.", pytrace=False)
        return subprocess.run(
            [LINTERS / name, *arguments],
            cwd=CLOUDFORMATION,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run


@pytest.fixture(scope="session")
def template_files() -> list[Path]:
    """Every template."""
    return sorted((CLOUDFORMATION / "templates").glob("*.yaml"))
