"""The graph of stacks is in order, and the path table decides what a service's stack gets."""

from pathlib import Path

import pytest

from accunode_common.routing import SERVICES
from accunode_infra.errors import RefusedError
from accunode_infra.stacks import STACKS, dependants, parameters, path_patterns, stack, stack_name

SERVICE = """
Parameters:
  {Environment: {Type: String}, Tier: {Type: String}, ServiceName: {Type: String}, ContainerPort: {Type: Number},
   PathPatterns1: {Type: CommaDelimitedList}, PathPatterns2: {Type: CommaDelimitedList},
   PathPatterns3: {Type: CommaDelimitedList}, PathPatterns4: {Type: CommaDelimitedList},
   RulePriorityBase: {Type: Number}, Cpu: {Type: Number},
   BlueImage: {Type: String, Default: ''}}
Resources: {A: {Type: T}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "templates/service.yaml": SERVICE,
        "parameters/startup.yaml": "brief: {service: {Cpu: 128}, service-auth: {Cpu: 256}}\neconomy: {}",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_stack_comes_after_what_it_needs_and_in_no_earlier_phase() -> None:
    seen: dict[str, int] = {}
    for each in STACKS:
        assert set(each.needs) <= set(seen), each.name
        assert all(seen[need] <= each.phase for need in each.needs), each.name
        seen[each.name] = each.phase


def test_stacks_of_the_account_do_not_bear_the_environments_name() -> None:
    assert [stack_name(each, "test") for each in STACKS if each.account_wide] == [
        "accunode-bootstrap",
        "accunode-registry",
    ]
    assert stack_name(stack("service-auth"), "test") == "accunode-test-service-auth"


def test_what_needs_the_network_is_found_through_others() -> None:
    assert {"data", "service-auth", "relay"} <= {each.name for each in dependants("network")}
    assert dependants("cost") == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_each_prefix_becomes_itself_and_what_is_below_it(service: object) -> None:
    for each in SERVICES:
        rules = path_patterns(each)
        assert all(1 <= len(rule) <= 4 for rule in rules)
        assert [pattern for rule in rules for pattern in rule][::2] == list(each.prefixes)


def test_a_services_parameters_come_from_the_path_table_and_its_own_size(root: Path) -> None:
    values = parameters(stack("service-auth"), environment="test", root=root)
    assert values["ContainerPort"] == "8001"
    assert values["RulePriorityBase"] == "100"
    assert values["Cpu"] == "256"
    assert values["PathPatterns1"].split(",")[:2] == ["/api/v1/auth", "/api/v1/auth/*"]
    assert parameters(stack("service-tenants"), environment="test", root=root)["PathPatterns3"] == ""
    assert "BlueImage" not in values


def test_a_parameter_that_the_template_lacks_is_refused(root: Path) -> None:
    with pytest.raises(RefusedError, match="has no parameter Colour"):
        parameters(stack("service-auth"), environment="test", overrides={"Colour": "blue"}, root=root)
