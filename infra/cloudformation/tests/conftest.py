"""The programs that look at the templates, and the templates."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accunode_infra import templates

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


@pytest.fixture(scope="session")
def tests_folder() -> Callable[[str], str]:
    """The path of a script that the linters' Python runs."""
    return lambda name: str(Path(__file__).with_name(name))


@pytest.fixture(scope="session")
def schemas(program: Program, tests_folder: Callable[[str], str]) -> dict[str, Any]:
    """What AWS's provider schemas say of each type that a template has; see `handler_permissions.py`."""
    kinds = {body["Type"] for name in templates.names() for body in templates.load(name)["Resources"].values()}
    ended = program("python", tests_folder("handler_permissions.py"), given=json.dumps(sorted(kinds)))
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found
