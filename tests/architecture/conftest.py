"""The four applications, built from settings that lead nowhere; and the repository's files."""

import ast
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from tests.applications import Application, build, only_known

from accunode_auth.admin import generate_key

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("libs", "services", "workers", "infra", "tools", "tests")


@dataclass(frozen=True)
class Source:
    """A Python file of the repository."""

    path: Path

    @property
    def name(self) -> str:
        """The path from the repository's root."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """What is in it."""
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        """The same, parsed."""
        return ast.parse(self.text, self.name)

    @property
    def is_test(self) -> bool:
        """Whether it is test code."""
        return "tests" in self.path.relative_to(ROOT).parts

    def imports(self) -> set[str]:
        """The dotted names that it imports; `from a import b` gives `a` and `a.b`."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
        return found


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Every file under version control, and those about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def sources(tracked: Sequence[Path]) -> list[Source]:
    """Every Python file."""
    return [Source(path) for path in tracked if path.suffix == ".py"]


@pytest.fixture(scope="session")
def product_code(sources: Sequence[Source]) -> list[Source]:
    """Every Python file that is not test code."""
    return [source for source in sources if not source.is_test]


@pytest.fixture(scope="session")
def applications(tmp_path_factory: pytest.TempPathFactory) -> list[Application]:
    """Every service's application; nothing is opened, so the addresses need not exist."""
    folder = tmp_path_factory.mktemp("architecture")
    generate_key(folder / "key.pem")
    values: dict[str, Any] = {
        "database_url": "postgresql://somebody:a-long-password@127.0.0.1:9/nowhere",
        "redis_url": "redis://:a-long-password@127.0.0.1:9/0",
        "storage_url": f"file://{folder}/objects",
        "jwks_url": "http://127.0.0.1:9/jwks.json",
        "signing_key_file": folder / "key.pem",
        "mail_url": f"file://{folder}/mail",
        "mfa_key": "a key for tests that nobody else has",
        "password_memory_kib": 64,
        "password_passes": 1,
    }
    return build(lambda _, kind: only_known(kind, values))
