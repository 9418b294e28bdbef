"""cfn-guard on what each tier makes: the project's own rules, and AWS Control Tower's."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from infra.cloudformation.tests import resolved
from infra.cloudformation.tests.conftest import CLOUDFORMATION, LINTERS, Program

from accunode_infra.tiers import Tier, Variant

OWN = CLOUDFORMATION / "guard" / "accunode.guard"
OWN_TESTS = CLOUDFORMATION / "guard" / "accunode_tests.yaml"
CONTROL_TOWER = LINTERS.parent / "share" / "control-tower"

MONEY = "it costs more than it brings in these tiers"
KEY = "the keys that AWS manages encrypt at rest; one of our own is $1 a month"
NOT_TAKEN = {
    "autoscaling_group_nitro_encryption_in_transit_override_check": "the requirements' t3.small lacks it",
    "autoscaling_mixed_instances_policy_multiple_instance_types_check": "the requirements name one type",
    "autoscaling_multiple_az_check": "the zones come from the network's export, and the NAT instance is in one",
    "cloudwatch_log_group_encrypted_check": KEY,
    "cloudwatch_log_group_retention_period_check": "a year of logs; the audit trail is in the database",
    "ec2_launch_template_monitoring_enabled_check": MONEY,
    "ec2_launch_template_public_ip_disabled_check": "the NAT instance is the way out",
    "ecs_awsvpc_networking_enabled_check": "a t3.small has two interfaces for tasks, and six tasks",
    "ecs_container_insights_enabled_check": MONEY,
    "elasticache_repl_grp_auto_failover_enabled_check": "a second node is a parameter, which another test turns on",
    "elasticache_repl_grp_rbac_auth_enabled_check": "one token for the product's own processes, which trust each other",
    "elbv2_logging_enabled_check": "a parameter; every request is in the services' logs",
    "iam_managed_policy_no_statements_with_full_access_check": "the boundary grants nothing, and names whole services",
    "kms_create_grant_aws_service_check": "the account's own statement in the key's policy, which lets IAM govern it",
    "lambda_inside_vpc_check": "it is in the VPC; its subnets come from the network's export",
    "rds_instance_deletion_protection_enabled_check": "it is on, as the text that a parameter is; another rule looks",
    "rds_instance_enhanced_monitoring_enabled_check": "a parameter, as its log costs money",
    "rds_instance_event_notifications_configured_check": "the rule wants two categories; ours are seven",
    "rds_instance_iam_authentication_enabled_check": "each service has its own role and password",
    "rds_instance_logging_enabled_check": "the log is exported; the rule also wants upgrades",
    "rds_instance_multi_az_support_check": "it doubles the price, so it is a parameter",
    "rds_instance_no_default_ports_check": "hiding a port hides nothing: only a security group's members reach it",
    "rds_storage_encrypted_kms_key_check": KEY,
    "s3_bucket_default_encryption_kms_check": KEY,
    "s3_bucket_logging_enabled_check": "the services' audit trail says who read what",
    "s3_bucket_object_lock_enabled_check": "people may have their data deleted, so files must be deletable",
    "s3_bucket_policy_ssl_requests_only_check": "the policies deny it; the rule looks for another spelling",
    "s3_event_notifications_enabled_check": "nothing listens",
}
"""Rules of Control Tower that do not hold here, and why."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Tier, Variant], Path]:
    """Writes each stack of a size, resolved, as JSON into a folder."""

    def write(tier: Tier, variant: Variant) -> Path:
        folder = tmp_path_factory.mktemp("made")
        for each in resolved.with_template():
            found = {
                name: {"Type": resource.type, "Properties": resource.properties, **resource.attributes}
                for name, resource in resolved.of(each.name, tier, variant).resources.items()
            }
            (folder / f"{each.name}.json").write_text(json.dumps({"Resources": found}))
        return folder

    return write


def broken(program: Program, rules: Path, data: Path) -> dict[str, set[str]]:
    """The rules that do not hold, and for which stacks."""
    options = ("--output-format", "json", "--structured", "--show-summary", "none")
    ended = program("cfn-guard", "validate", "--rules", rules, "--data", data, *options)
    assert not ended.stderr, ended.stderr[:1000]
    reports: list[dict[str, Any]] = json.loads(ended.stdout)
    assert any(report["compliant"] for report in reports)
    found: dict[str, set[str]] = {}
    for report in reports:
        for rule in report["not_compliant"]:
            found.setdefault(rule["Rule"]["name"], set()).add(Path(report["name"]).stem)
    return found


@pytest.mark.parametrize(("tier", "variant"), resolved.SIZES)
def test_our_own_rules_hold(
    program: Program, made: Callable[[Tier, Variant], Path], tier: Tier, variant: Variant
) -> None:
    assert broken(program, OWN, made(tier, variant)) == {}


def test_control_tower_s_rules_hold_but_for_those_not_taken_with_a_reason(
    program: Program, made: Callable[[Tier, Variant], Path]
) -> None:
    found = broken(program, CONTROL_TOWER, made(Tier.STARTUP, Variant.BRIEF))
    assert {name: stacks for name, stacks in found.items() if name not in NOT_TAKEN} == {}
    assert set(NOT_TAKEN) == set(found), "a rule that holds need not be left out"


def test_our_own_rules_find_what_is_wrong(program: Program) -> None:
    ended = program("cfn-guard", "test", "--rules-file", OWN, "--test-data", OWN_TESTS)
    assert ended.returncode == 0, ended.stdout[-2000:]
    names = set(re.findall(r"^rule (\w+)", OWN.read_text(), re.MULTILINE))
    tried = set(re.findall(r"^\s+(\w+): FAIL$", OWN_TESTS.read_text(), re.MULTILINE))
    assert tried == names, "each rule is shown something that it must refuse"
