"""`docs/security.md` names tests that exist, and every line of the standard that it answers."""

import ast
import re
from collections.abc import Sequence

import pytest
from tests.architecture.conftest import ROOT, Source

DOCUMENT = ROOT / "docs" / "security.md"
NAMED = re.compile(r"`(test_\w+)::(test_\w+)`")
LINES = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip
"""How many lines of levels 1 and 2 each section of ASVS 5.0.0 has that can concern an API; 17 is about WebRTC."""


@pytest.fixture(scope="module")
def tests(sources: Sequence[Source]) -> set[tuple[str, str]]:
    """Every test, with the name of its file."""
    return {
        (source.path.stem, node.name)
        for source in sources
        if source.path.name.startswith("test_")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_test_that_it_names_exists(tests: set[tuple[str, str]]) -> None:
    named = set(NAMED.findall(DOCUMENT.read_text()))
    assert len(named) > 100
    assert sorted(named - tests) == []


def test_every_line_of_the_standard_has_an_answer() -> None:
    rows = re.findall(
        r"^\| (\d+\.\d+)\.\d+ \| [^|]+ \| (met|partly|reasoned|out of scope|n/a) \| [^|]+ \|$",
        DOCUMENT.read_text(),
        re.MULTILINE,
    )
    found: dict[str, int] = {}
    for section, _ in rows:
        found[section] = found.get(section, 0) + 1
    assert found == LINES
