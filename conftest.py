"""Fixtures that every distribution's tests share, and how `make test` deals its tests out to processes."""

from typing import Any

import pytest

pytest_plugins = ["accunode_devstack.pytest_plugin", "accunode_common.testing.plugin"]

TOGETHER = {
    "containers": ("tests/infra/", "tests/integration/"),
    "product": ("tests/e2e/", "libs/devstack/tests/test_whole_stack.py"),
}
"""Files that one process does, one after the other: those that build images, and those that start the product."""

LONGEST_FIRST = (
    "containers",
    "workers/ml/tests/test_bulk_processes.py",
    "tests/isolation/test_matrix.py",
    "tests/contract/test_api_by_role.py",
    "product",
    "infra/cli/tests/emulator/",
    "infra/cli/tests/scripted/",
    "infra/cloudformation/tests/",
    "tests/isolation/",
    "workers/",
    "services/",
)
"""What takes longest; begun late, it would keep one process busy when the others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=_place)


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
    return next((group for group, files in TOGETHER.items() if file.startswith(files)), file)


def _place(item: pytest.Item) -> int:
    group = _group(item.nodeid)
    return next((place for place, name in enumerate(LONGEST_FIRST) if group.startswith(name)), len(LONGEST_FIRST))
