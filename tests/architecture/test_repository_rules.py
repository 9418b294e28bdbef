"""The repository is complete and tells nothing that belongs elsewhere."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import pytest
from tests.architecture.conftest import ROOT, Source

from accunode_common.routing import SERVICES

FOLDERS = ("libs", "services", "workers", "infra")
DISTRIBUTIONS = sorted(path.parent for folder in FOLDERS for path in ROOT.glob(f"{folder}/*/pyproject.toml"))
BINARY = frozenset({".parquet", ".xlsx", ".png", ".gz", ".ico", ".woff2"})

PLACES = {
    "a package registry's address": re.compile(
        r"pypi\.(?:org|python)|pythonhosted\.org|npmjs\.org|--(?:extra-)?index-url"
    ),
    "a path of one machine": re.compile(r"(?<![\w.$}])/(?:work|root|Users|home|build)/[a-z]"),
    "how the work is organised": re.compile(r"\b(?:the brief\b|a review found)", re.IGNORECASE),
}
OWN_NAME = Path(__file__).name
ORG = ".org"
"""Samples have the addresses in two parts: none stands in this file either."""


def shared_names(paths: Iterable[str]) -> list[str]:
    """The names that more than one file of tests has: a document names a test by its file's name."""
    names = Counter(PurePosixPath(path).name for path in paths)
    return [name for name, count in names.items() if count > 1 and name.startswith("test_")]


def lines_that_name(what: str, text: str) -> list[str]:
    """The lines of a text, numbered, that name such a place."""
    lines = enumerate(text.splitlines(), start=1)
    return [f"{number}: {line.strip()[:100]}" for number, line in lines if PLACES[what].search(line)]


def test_test_files_have_unique_names(sources: Sequence[Source]) -> None:
    assert shared_names(source.name for source in sources) == []


def test_a_name_that_two_test_files_have_is_found() -> None:
    named = ["libs/a/tests/test_ids.py", "libs/b/tests/test_ids.py", "libs/b/src/ids.py", "libs/a/src/ids.py"]
    assert shared_names(named) == ["test_ids.py"]
    assert shared_names(named[1:]) == []


@pytest.mark.parametrize("what", PLACES)
def test_no_file_names(tracked: Sequence[Path], what: str) -> None:
    texts = [path for path in tracked if path.suffix not in BINARY and path.name != OWN_NAME]
    assert [
        f"{path.relative_to(ROOT)}:{line}"
        for path in texts
        for line in lines_that_name(what, path.read_text(errors="replace"))
    ] == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a package registry's address", f"resolved https://files.pythonhosted{ORG}/a.whl"),
        ("a package registry's address", f"https://pypi{ORG}/simple"),
        ("a package registry's address", f"https://registry.npmjs{ORG}/a"),
        ("a package registry's address", "uv pip install --extra-index-url there"),
        ("a path of one machine", "data = '/root/data'"),
        ("a path of one machine", "cd /work/somebody"),
        ("a path of one machine", "/Users/somebody"),
        ("a path of one machine", "/home/somebody/data"),
        ("a path of one machine", "cd /build/somebody"),
        ("how the work is organised", "The brief has $15 a node."),
        ("how the work is organised", "before this a review found two copies"),
    ],
)
def test_a_line_that_names_such_a_place_is_found(what: str, line: str) -> None:
    assert lines_that_name(what, f"first\n{line}\nlast") == [f"2: {line}"]


@pytest.mark.parametrize("what", PLACES)
@pytest.mark.parametrize("line", ["uv pip install numpy", "docs/work/a.md", "see api.example.org", "$HOME/work/a"])
def test_a_line_that_names_none_is_not(what: str, line: str) -> None:
    assert lines_that_name(what, line) == []


def test_the_distributions_are_those_of_the_layout() -> None:
    folders = {path.relative_to(ROOT).as_posix() for path in DISTRIBUTIONS}
    expected = {f"services/{service.name}" for service in SERVICES} | {
        "libs/common",
        "libs/credit",
        "libs/identity",
        "libs/scoring",
        "libs/devstack",
        "workers/ml",
        "infra/cli",
        "infra/docker",
    }
    assert folders == expected


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_distribution_is_complete(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    package = project["name"].replace("-", "_")
    assert project["requires-python"]
    assert project["description"]
    assert (folder / "src" / package / "__init__.py").is_file()
    assert (folder / "src" / package / "py.typed").is_file()
    assert list((folder / "tests").glob("test_*.py"))
    assert len((folder / "README.md").read_text().splitlines()) > 10, "say how it is run and what it is for"
    pinned = [name for name in project.get("dependencies", []) if re.search(r"[=<>~]=", name)]
    assert pinned == [], "versions are pinned in constraints.txt"


def test_every_service_starts_as_the_path_table_says() -> None:
    for service in SERVICES:
        package = ROOT / "services" / service.name / "src" / service.package
        for module in ("main", "app", "settings"):
            assert (package / f"{module}.py").is_file(), f"{service.name} has no {module}.py"
