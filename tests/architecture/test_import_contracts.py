"""The import rules of the common library fire on a copy of it that breaks them."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.architecture.conftest import ROOT

COMMON = ROOT / "libs/common/src/accunode_common"
LAYERS = "The common library has layers"
HTTP_FREE = "Who a caller is, and may do, is decided without HTTP"
STORES = "Stores know only what a store is, and one module knows the stores"


def _contract(name: str) -> str:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (contract for contract in contracts if contract["name"] == name)
    values = {key: str(value).lower() if isinstance(value, bool) else value for key, value in found.items()}
    lines = (
        f"{key} =\n    " + "\n    ".join(value) if isinstance(value, list) else f"{key} = {value}"
        for key, value in values.items()
    )
    return "\n".join(
        (
            "[importlinter]",
            "root_package = accunode_common",
            "include_external_packages = true",
            "[importlinter:contract:held]",
            *lines,
        )
    )


def _lint(folder: Path, contract: str) -> "subprocess.CompletedProcess[str]":
    (folder / "rules.ini").write_text(_contract(contract))
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--config", "rules.ini", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def common(tmp_path: Path) -> Path:
    """A copy of the common library."""
    shutil.copytree(COMMON, tmp_path / "accunode_common", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        (HTTP_FREE, "auth/subject.py", "import fastapi"),
        (HTTP_FREE, "auth/tokens.py", "import accunode_common.http.context"),
        (HTTP_FREE, "ratelimit.py", "import starlette"),
        (LAYERS, "auth/subject.py", "import accunode_common.http.context"),
        (LAYERS, "models/columns.py", "import accunode_common.tasks.messages"),
        (LAYERS, "db/base.py", "import accunode_common.models.columns"),
        (LAYERS, "brand_new.py", ""),
        (STORES, "storage/local.py", "import accunode_common.storage.s3"),
        (STORES, "storage/base.py", "import accunode_common.storage.open"),
    ],
)
def test_an_import_against_a_rule_is_refused(common: Path, contract: str, module: str, line: str) -> None:
    with (common / "accunode_common" / module).open("a") as file:
        file.write(f"\n{line}\n")
    refused = _lint(common, contract)
    assert (refused.returncode, "BROKEN" in refused.stdout or "not listed" in refused.stderr + refused.stdout) == (
        1,
        True,
    )


@pytest.mark.parametrize("contract", [HTTP_FREE, LAYERS, STORES])
def test_the_library_itself_keeps_the_rule(common: Path, contract: str) -> None:
    kept = _lint(common, contract)
    assert kept.returncode == 0, kept.stdout + kept.stderr
