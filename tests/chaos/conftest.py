"""One stack for all troubles: what one leaves behind the next must live with."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from accunode_devstack.ports import free_port
from accunode_devstack.stack import Stack
from accunode_devstack.state import State

sys.path.insert(0, str(Path(__file__).parent))

from plant import Plant

SETTINGS = {
    # Small chunks, so that a job has many; and one that a test may kill often.
    "ACCUNODE_CHUNK_ROWS": "500",
    "ACCUNODE_CHUNK_ATTEMPTS": "5",
    "ACCUNODE_CHUNK_RETRY_SECONDS": "1",
    "ACCUNODE_RATE_LIMIT_REQUESTS": "100000",
    "ACCUNODE_PUBLIC_REQUESTS": "100000",
}


@pytest.fixture(scope="session")
def running_plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "REDIS_URL"):
            patch.delenv(name, raising=False)
        for name, value in SETTINGS.items():
            patch.setenv(name, os.environ.get(name, value))
        stack = Stack(State(tmp_path_factory.mktemp("chaos") / "state"), lambda _: None)
        try:
            endpoints, _ = stack.up(free_port())
            yield Plant(stack, endpoints, stack.load_demo(endpoints))
        finally:
            stack.down()
            # The logs stay in pytest's folder for a while.
            for folder in (stack.state.elsewhere, stack.state.root / "postgres", stack.state.objects):
                shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def plant(running_plant: Plant) -> Plant:
    """The stack, whole."""
    running_plant.ready()
    return running_plant
