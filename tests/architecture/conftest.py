"""The repository's files."""

import ast
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("libs", "services", "workers", "infra", "tools", "tests")


@dataclass(frozen=True)
class Source:
    """A Python file of the repository."""

    name: str
    """The path from the repository's root."""
    text: str

    @property
    def path(self) -> Path:
        """The path from the root of the machine."""
        return ROOT / self.name

    @cached_property
    def tree(self) -> ast.Module:
        """The text, parsed."""
        return ast.parse(self.text, self.name)

    @property
    def is_test(self) -> bool:
        """Whether it is test code."""
        return "tests" in PurePosixPath(self.name).parts

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
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text()) for path in tracked if path.suffix == ".py"]


@pytest.fixture(scope="session")
def product_code(sources: Sequence[Source]) -> list[Source]:
    """Every Python file that is not test code."""
    return [source for source in sources if not source.is_test]
