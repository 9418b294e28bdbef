"""What fails is explained, taken back, and leaves nothing that stands in the way."""

from collections.abc import Callable
from typing import Any

import pytest
from infra.cli.tests.emulator.server import Emulator

Cli = Callable[..., Any]


@pytest.fixture
def boundary(emulator: Emulator) -> None:
    everything = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    emulator.client("iam").create_policy(PolicyName="accunode-boundary", PolicyDocument=everything)


def test_a_stack_is_not_deployed_before_what_it_needs(cli: Cli, emulator: Emulator) -> None:
    found = cli("deploy", "data", code=3)
    assert "data needs network, which does not stand" in found["error"]
    assert emulator.engine.standing() == []
