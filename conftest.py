"""Fixtures that every distribution's tests share, and how `make test` deals its tests out to processes."""

from typing import Any

import pytest

pytest_plugins = ["accunode_devstack.pytest_plugin", "accunode_common.testing.plugin"]

WHOLE_STACKS = ("tests/e2e/", "tests/infra/", "tests/integration/", "libs/devstack/tests/test_whole_stack.py")
"""Tests that start the product or build its images: one process does them all, one after the other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: _group(item.nodeid) != "whole stacks")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a file's tests in one process and in their order, for they share what their module starts."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    return ByFile(config, log)


def _group(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return "whole stacks" if file.startswith(WHOLE_STACKS) else file
