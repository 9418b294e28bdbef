"""The composed database runs with the settings that the embedded one and RDS get."""

import pytest
from tests.integration.stacks import ContainerStack

from accunode_common.db.server import ONE_MACHINE, server_settings

pytestmark = pytest.mark.containers


def test_the_composed_server_shows_every_setting(containers: ContainerStack) -> None:
    expected = server_settings(ONE_MACHINE)
    shown = {name: containers.sql(f"show {name}") for name in expected}
    # What is printed loses the spaces at its end.
    assert shown == {name: value.strip() for name, value in expected.items()}
