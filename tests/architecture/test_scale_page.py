"""docs/scaling.md has the tables that follow from its inputs."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "scale_page.py"


@pytest.fixture(scope="module")
def scale_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale_page", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def text(scale_page: ModuleType) -> str:
    return str(scale_page.PAGE.read_text())


def test_the_tables_are_what_the_inputs_say(scale_page: ModuleType, text: str) -> None:
    assert scale_page.page(text) == text, "run `make scale-page`"


def test_another_input_makes_other_tables(scale_page: ModuleType, text: str) -> None:
    slower = text.replace("| request, processor of PostgreSQL | ", "| request, processor of PostgreSQL | 9")
    assert slower != text
    changed = {a for a, b in zip(scale_page.page(slower).splitlines(), slower.splitlines(), strict=True) if a != b}
    assert len(changed) == len(scale_page.PEOPLE) + len(scale_page.PROCESSORS)


def test_workers_and_what_fills_a_database_agree(scale_page: ModuleType) -> None:
    given = {"w": 20.0, "d": 80.0, "l": 1000.0, "p": 1.0, "t": 3.0}
    (_, of_workers), (_, of_database) = scale_page.workers(given), scale_page.database(given)
    # Ten workers are twenty processes, which take 100 µs a row and leave 80 of them to PostgreSQL.
    assert of_workers[2] == ("10", "200,000", "4.0", "16", "200", "5.0")
    assert of_database[3][:4] == ("16", "200,000", "10", "200")


@pytest.mark.parametrize("lost", ["<!-- people -->", "<!-- /single -->", "| q | "])
def test_a_page_without_a_place_or_an_input_is_refused(scale_page: ModuleType, text: str, lost: str) -> None:
    with pytest.raises(ValueError, match=r"lacks q|has no place"):
        scale_page.page(text.replace(lost, ""))
