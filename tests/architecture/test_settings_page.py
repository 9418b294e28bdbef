"""docs/settings.md names every variable of every process, and every setting is used."""

import ast
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from tests.architecture.conftest import Source

TOOL = Path(__file__).resolve().parents[2] / "tools" / "settings_page.py"


@pytest.fixture(scope="module")
def settings_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("settings_page", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_classes_of_settings_say(settings_page: ModuleType) -> None:
    assert settings_page.PAGE.read_text() == settings_page.page(), "run `make settings-page`"


def test_every_variable_has_a_meaning(settings_page: ModuleType) -> None:
    rows = [line.split(" | ") for line in settings_page.page().splitlines() if line.startswith("| `")]
    assert [name for name, _, meaning, _ in rows if not meaning] == []


def test_whatever_is_read_from_the_environment_is_on_the_page(
    settings_page: ModuleType, product_code: Sequence[Source]
) -> None:
    kinds = {kind for kinds in settings_page.PROCESSES.values() for kind in kinds}
    concerns = {concern for kind in kinds for concern in kind.concerns().values()}
    read = {
        node.value.id
        for source in product_code
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr == "from_environment" and isinstance(node.value, ast.Name)
    }
    assert "AuthSettings" in read
    assert read - {kind.__name__ for kind in kinds | concerns} == set()


def test_every_setting_is_used(settings_page: ModuleType, product_code: Sequence[Source]) -> None:
    used = {
        node.attr
        for source in product_code
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    kinds = {kind for kinds in settings_page.PROCESSES.values() for kind in kinds}
    # Validators read it, not its users.
    used.add("require_tls")
    fields = {name for kind in kinds for concern in kind.concerns().values() for name in concern.model_fields}
    assert fields - used == set()
