import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from accunode_devstack.state import State


@pytest.fixture
def state() -> Iterator[State]:
    """A state folder that every account can reach, as pytest's own temporary folders are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="accunode-test-"))
    folder.chmod(0o711)
    state = State(folder / ".accunode")
    state.prepare()
    yield state
    shutil.rmtree(folder)
    shutil.rmtree(state.elsewhere, ignore_errors=True)
