"""The repository is complete and tells nothing that belongs elsewhere."""

import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

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
    "a path of one machine": re.compile(r"(?<![\w.$}])/(?:work|root|Users)/[a-z]"),
}
OWN_NAME = Path(__file__).name


def test_test_files_have_unique_names(sources: Sequence[Source]) -> None:
    names = Counter(source.path.name for source in sources if source.path.name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("what", PLACES)
def test_no_file_names(tracked: Sequence[Path], what: str) -> None:
    offenders = []
    for path in tracked:
        if path.suffix in BINARY or path.name == OWN_NAME:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if PLACES[what].search(line):
                offenders.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert offenders == []


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
