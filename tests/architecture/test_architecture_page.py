"""The architecture's page against the code: its tables of distributions, of layers, and of what is decided where."""

import ast
import importlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.architecture.conftest import ROOT, Source
from tests.architecture.sql_uses import used_names

PAGE = (ROOT / "docs/architecture.md").read_text()
ROOMS = dict(re.findall(r"^\| `((?:libs|services|workers|infra)/[\w-]+)` \|[^|]*\|([^|]*)\|$", PAGE, re.MULTILINE))
ANSWERS = dict(re.findall(r"^\| [^|]* \| [^|]* \| `([\w.]+)` \| ([^|]*) \|$", PAGE, re.MULTILINE))
_, _, WORKER_LAYERS = PAGE.partition("| layer of `accunode_ml` |")


def test_the_page_has_every_distribution() -> None:
    there = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("*/*/pyproject.toml")}
    assert set(ROOMS) == there


@pytest.mark.parametrize("room", ROOMS)
def test_a_distribution_imports_what_the_page_says(room: str) -> None:
    project = tomllib.loads((ROOT / room / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[\[; ]", name)[0] for name in project.get("dependencies", [])}
    own = {name.removeprefix("accunode-") for name in needed if name.startswith("accunode-")}
    assert own == {name.strip() for name in ROOMS[room].split(",") if name.strip()}


def test_twelve_questions_are_answered() -> None:
    assert len(ANSWERS) == 12


def _found(answer: str) -> Any:
    """The module, or what is in one."""
    try:
        return importlib.import_module(answer)
    except ModuleNotFoundError:
        module, name = answer.rsplit(".", 1)
        return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_there_and_says_what_it_is(answer: str) -> None:
    assert (_found(answer).__doc__ or "").strip()


def askers(answer: str, used: Mapping[str, set[str]]) -> set[str]:
    """The distributions in which another module uses what decides, by what each file uses."""
    module = answer.rpartition(".")[0] if callable(_found(answer)) else answer
    return {
        name.split("/")[1]
        for name, names in used.items()
        if not name.endswith(f"/src/{module.replace('.', '/')}.py")
        and any(f"{each}.".startswith(f"{answer}.") for each in names)
    }


@pytest.fixture(scope="module")
def used(product_code: Sequence[Source]) -> dict[str, set[str]]:
    """What each file of a distribution uses."""
    return {source.name: used_names(source.tree) for source in product_code if "/src/" in source.name}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_asked_by_whom_the_page_says(used: dict[str, set[str]], answer: str) -> None:
    assert askers(answer, used) == set(ANSWERS[answer].split(", "))


def test_a_distribution_asks_by_whatever_name_it_imports() -> None:
    texts = {
        "libs/credit/src/sample.py": "from accunode_scoring.kinds import risk_level",
        "libs/common/src/sample.py": "from accunode_scoring import kinds\nasked = kinds.risk_level(1)",
        "services/auth/src/sample.py": "import accunode_scoring.kinds as k\nasked = k.risk_level(1)",
        "services/tenants/src/sample.py": "from accunode_scoring import kinds\nasked = kinds.other(1)",
        "workers/ml/src/sample.py": "def risk_level(pd):\n    return pd",
        "libs/scoring/src/accunode_scoring/kinds.py": "from accunode_scoring.kinds import risk_level",
    }
    used = {name: used_names(ast.parse(text)) for name, text in texts.items()}
    assert askers("accunode_scoring.kinds.risk_level", used) == {"credit", "common", "auth"}


def test_the_page_has_every_layer_of_the_worker() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["name"] == "The worker has layers")
    table, _, _ = WORKER_LAYERS.partition("\n\n")
    rows = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in table.splitlines() if line.startswith("| `")]
    assert rows == [layer.split(" | ") for layer in layers]
