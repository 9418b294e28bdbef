"""The architecture's page against the code: its table of distributions, and where it says that things are decided."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text()
ROOMS = dict(re.findall(r"^\| `((?:libs|services|workers|infra)/[\w-]+)` \|[^|]*\|([^|]*)\|$", PAGE, re.MULTILINE))
ANSWERS = re.findall(r"^\| [^|]* \| [^|]* \| `([\w.]+)` \|$", PAGE, re.MULTILINE)


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
    assert len(ANSWERS) == len(set(ANSWERS)) == 12


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_there_and_says_what_it_is(answer: str) -> None:
    try:
        found = importlib.import_module(answer)
    except ModuleNotFoundError:
        module, name = answer.rsplit(".", 1)
        found = getattr(importlib.import_module(module), name)
    assert (found.__doc__ or "").strip()
