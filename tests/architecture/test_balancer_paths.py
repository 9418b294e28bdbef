"""The load balancer's rules lead every operation of the API to the service that has it, and to no other."""

import fnmatch
import re
from typing import Any

from tests.applications import Application

from accunode_infra.resolve import resolve
from accunode_infra.stacks import STACKS, parameters
from accunode_infra.templates import load

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/accunode/any@sha256:" + "0" * 64


def patterns() -> list[tuple[str, str]]:
    """Each service with each path pattern of its rules without a header."""
    found: list[tuple[str, str]] = []
    for stack in (each for each in STACKS if each.service is not None):
        given = parameters(stack, environment="production", overrides={"BlueImage": IMAGE})
        for rule in resolve(load(stack.template), given).of_type("AWS::ElasticLoadBalancingV2::ListenerRule"):
            conditions: list[dict[str, Any]] = rule.properties["Conditions"]
            if [each["Field"] for each in conditions] == ["path-pattern"]:
                found += [(given["ServiceName"], value) for value in conditions[0]["PathPatternConfig"]["Values"]]
    return found


def test_each_operation_matches_exactly_one_rule(applications: list[Application]) -> None:
    known = patterns()
    reached = 0
    for application in applications:
        for operation in application.operations:
            path = re.sub(r"\{[^}]+\}", "01890a5d-ac96-774b-bcce-b302099a8057", operation.path)
            answering = [name for name, pattern in known if fnmatch.fnmatchcase(path, pattern)]
            assert answering == [application.service.name], operation
            reached += 1
    assert reached >= 62
