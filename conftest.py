"""Fixtures that every distribution's tests share, and how `make test` deals its tests out to processes."""

import pytest

pytest_plugins = ["accunode_devstack.pytest_plugin", "accunode_common.testing.plugin"]

WHOLE_STACKS = ("tests/e2e/", "tests/infra/", "tests/integration/", "libs/devstack/tests/test_whole_stack.py")
"""Tests that start the product or build its images: one process does them all, one after the other."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one process, for they share what their module starts; begin with what takes longest."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: _group(item) != "whole stacks")


def _group(item: pytest.Item) -> str:
    file = item.nodeid.partition("::")[0]
    return "whole stacks" if file.startswith(WHOLE_STACKS) else file
