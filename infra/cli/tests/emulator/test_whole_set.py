"""The command line itself creates the whole product, changes it and takes it away; what stands is looked up."""

from collections.abc import Iterator
from typing import Any

import pytest
from infra.cli.tests.emulator.calls import Call, recording
from infra.cli.tests.emulator.conftest import Product, deployed
from infra.cli.tests.emulator.server import serving
from infra.cli.tests.emulator.stage import push
from infra.cloudformation.tests.deployer_permissions import granted, permissions

from accunode_common.routing import SERVICES
from accunode_infra.stacks import STACKS, stack_name

CLUSTER = "accunode-production-cluster"


@pytest.fixture(scope="module")
def calls() -> Iterator[set[Call]]:
    """What the command line has called in the tests here until now."""
    with recording() as made:
        yield made


@pytest.fixture(scope="module")
def product(calls: set[Call]) -> Iterator[Product]:
    """One product for all tests here, in their order: each finds what the one before left."""
    with serving() as emulator:
        yield deployed(emulator)
        assert emulator.engine.faults == []


def actions(said: dict[str, Any]) -> dict[str, str]:
    return {stack: action for phase in said["phases"] for stack, action in phase["stacks"].items()}


def physical(product: Product, stack: str, name: str) -> str:
    return product.emulator.engine.stack(f"accunode-production-{stack}").made[name].id


def weights(product: Product, service: str) -> set[tuple[str, int]]:
    """The slots and weights of all rules of a service that weigh."""
    made = product.emulator.engine.stack(f"accunode-production-service-{service}").made
    slots = {made[f"{slot}TargetGroup"].id: slot for slot in ("Blue", "Green")}
    elbv2 = product.emulator.client("elbv2")
    rules = [each.id for each in made.values() if each.type.endswith("::ListenerRule")]
    found = elbv2.describe_rules(RuleArns=rules)["Rules"]
    forwards = [action.get("ForwardConfig", {}).get("TargetGroups", []) for rule in found for action in rule["Actions"]]
    return {
        (slots[each["TargetGroupArn"]], each["Weight"]) for groups in forwards if len(groups) == 2 for each in groups
    }


def running_image(product: Product, stack: str, service: str) -> str:
    ecs = product.emulator.client("ecs")
    found = ecs.describe_services(cluster=CLUSTER, services=[physical(product, stack, service)])["services"][0]
    definition = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
    return definition["containerDefinitions"][0]["image"]


def test_every_stack_is_created_in_its_phase(product: Product) -> None:
    standing = {each.name: each.status for each in product.emulator.engine.standing()}
    assert standing == {stack_name(each, "production"): "CREATE_COMPLETE" for each in STACKS}
    assert [each["phase"] for each in product.said["phases"]] == [1, 2, 3, 4, 5]
    assert [each["minutes_in_brief"] for each in product.said["phases"]] == [30, 25, 45, 30, 20]


def test_the_fleets_have_the_required_sizes(product: Product) -> None:
    groups = product.emulator.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    sizes = {each["AutoScalingGroupName"]: (each["MinSize"], each["MaxSize"]) for each in groups}
    assert sizes["accunode-production-api"] == (2, 4)
    assert sizes["accunode-production-worker"] == (2, 6)


def test_no_route_leads_from_the_data_subnets_to_the_internet(product: Product) -> None:
    ec2 = product.emulator.client("ec2")
    data = product.emulator.engine.exports()["accunode-production-DataSubnets"].split(",")
    tables = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": data}])["RouteTables"]
    assert tables
    assert all(route.get("DestinationCidrBlock") != "0.0.0.0/0" for table in tables for route in table["Routes"])


def test_every_prefix_of_the_path_table_has_a_rule(product: Product) -> None:
    elbv2 = product.emulator.client("elbv2")
    listener = product.emulator.engine.exports()["accunode-production-HttpsListenerArn"]
    paths = {
        value
        for rule in elbv2.describe_rules(ListenerArn=listener)["Rules"]
        for condition in rule["Conditions"]
        if condition["Field"] == "path-pattern"
        for value in condition.get("Values") or condition["PathPatternConfig"]["Values"]
    }
    assert paths == {part for each in SERVICES for prefix in each.prefixes for part in (prefix, f"{prefix}/*")}


def test_one_command_draws_every_secret(product: Product) -> None:
    found = product.cli("secrets", "list")
    assert found["missing"] == []
    assert {each["version"] for each in found["secrets"]} == {1}


def test_each_service_begins_in_the_blue_slot_with_the_image_that_was_pushed(product: Product) -> None:
    for each in SERVICES:
        assert running_image(product, f"service-{each.name}", "BlueService") == product.images[each.name]
        assert weights(product, each.name) == {("Blue", 100), ("Green", 0)}


def test_the_database_is_prepared_before_the_first_service(product: Product) -> None:
    (task,) = product.emulator.tasks.all.values()
    assert task["taskDefinitionArn"] == physical(product, "migrate", "TaskDefinition")


def test_alarms_tell_the_topic(product: Product) -> None:
    alarms = product.emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    topic = product.emulator.engine.exports()["accunode-production-AlertTopicArn"]
    assert len(alarms) > 20
    assert any(topic in each["AlarmActions"] for each in alarms)


def test_stacks_that_hold_data_are_protected(product: Product) -> None:
    protected = {each.name for each in product.emulator.engine.standing() if each.protected}
    assert protected == {stack_name(each, "production") for each in STACKS if each.protected}


def test_deploying_again_changes_nothing(product: Product) -> None:
    assert set(actions(product.cli("deploy")).values()) == {"unchanged"}


def test_an_image_change_touches_the_service_s_stack_alone(product: Product) -> None:
    images = push(product.emulator, "v2")
    green = [
        "--set",
        f"service-auth.GreenImage={images['auth']}",
        "--set",
        "service-auth.GreenCount=2",
    ]
    said = product.cli("deploy", *green)
    changed = {stack for stack, action in actions(said).items() if action != "unchanged"}
    assert changed == {"accunode-production-service-auth"}
    assert running_image(product, "service-auth", "GreenService") == images["auth"]
    assert running_image(product, "service-auth", "BlueService") == product.images["auth"]


def test_a_weight_change_moves_the_weights_of_every_rule_and_nothing_else(product: Product) -> None:
    found = product.cli(
        "plan", "service-auth", "--set", "service-auth.BlueWeight=90", "--set", "service-auth.GreenWeight=10"
    )
    (planned,) = found["stacks"]
    assert {each["type"] for each in planned["changes"]} == {"AWS::ElasticLoadBalancingV2::ListenerRule"}
    assert {each["replacement"] for each in planned["changes"]} == {"False"}
    product.cli("deploy", "service-auth", "--set", "service-auth.BlueWeight=90", "--set", "service-auth.GreenWeight=10")
    assert weights(product, "auth") == {("Blue", 90), ("Green", 10)}
    assert weights(product, "tenants") == {("Blue", 100), ("Green", 0)}


def test_what_a_release_decided_is_kept_by_the_next_deploy(product: Product) -> None:
    assert set(actions(product.cli("deploy")).values()) == {"unchanged"}
    assert weights(product, "auth") == {("Blue", 90), ("Green", 10)}


def test_a_plan_shows_what_a_tier_change_does_and_costs_and_does_nothing(product: Product) -> None:
    found = product.cli("plan", "--tier", "growth")
    data = next(each for each in found["stacks"] if each["stack"] == "accunode-production-data")
    database = next(each for each in data["changes"] if each["type"] == "AWS::RDS::DBInstance")
    classes = {each["path"]: (each["before"], each["after"]) for each in database["properties"]}
    assert classes["/Properties/DBInstanceClass"] == ("db.t3.micro", "db.t3.small")
    assert any("is away for some minutes" in each["text"] for each in found["notes"])
    assert found["cost"]["after"] > found["cost"]["before"]
    assert product.emulator.engine.change_sets == {}
    assert set(actions(product.cli("deploy")).values()) == {"unchanged"}


def test_a_tier_change_makes_the_database_larger_where_it_is(product: Product) -> None:
    before = physical(product, "data", "Database")
    product.cli("deploy", "--tier", "growth")
    assert physical(product, "data", "Database") == before
    (database,) = product.emulator.client("rds").describe_db_instances()["DBInstances"]
    assert database["DBInstanceClass"] == "db.t3.small"
    assert product.emulator.client("elasticache").describe_replication_groups()["ReplicationGroups"]


def test_the_tier_is_remembered(product: Product) -> None:
    said = product.cli("deploy")
    assert said["tier"] == "growth"
    assert set(actions(said).values()) == {"unchanged"}


def test_a_tier_change_that_would_shrink_the_storage_is_refused(product: Product) -> None:
    said = product.cli("deploy", "--tier", "startup", code=3)
    assert "would shrink from 50 to 20 GB" in said["error"]
    assert product.emulator.engine.change_sets == {}
    assert product.cli("deploy")["tier"] == "growth"


def test_status_shows_the_slots(product: Product) -> None:
    rows = {each["stack"]: each for each in product.cli("status")["stacks"]}
    assert rows["accunode-production-network"]["status"].endswith("_COMPLETE")
    assert rows["accunode-production-service-auth"]["runs"].startswith("blue 90 % ")


def test_nothing_is_destroyed_when_the_word_is_wrong(product: Product) -> None:
    assert "nothing was deleted" in product.cli("destroy", "--confirm", "staging", code=3)["error"]
    assert len(product.emulator.engine.standing()) == len(STACKS)


def test_a_stack_that_others_need_is_not_destroyed(product: Product) -> None:
    said = product.cli("destroy", "data", "--confirm", "production", code=3)
    assert "data is needed by" in said["error"]


def test_destroy_takes_everything_away_and_leaves_a_snapshot_and_the_files(product: Product) -> None:
    said = product.cli("destroy", "--confirm", "production")
    assert {each.name for each in product.emulator.engine.standing()} == {"accunode-bootstrap", "accunode-registry"}
    snapshots = product.emulator.client("rds").describe_db_snapshots()["DBSnapshots"]
    assert set(said["snapshots"]) <= {each["DBSnapshotIdentifier"] for each in snapshots}
    assert len(said["snapshots"]) == 1
    assert any("AWS::S3::Bucket" in each for each in said["kept"])
    assert (
        product.emulator.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
        == []
    )
    assert product.emulator.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert product.emulator.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_creating_changing_and_destroying_call_only_what_the_deployer_may_do(
    product: Product, calls: set[Call]
) -> None:
    assert {("cloudformation", "ExecuteChangeSet"), ("cloudformation", "DeleteStack")} <= calls
    assert {each for each in calls if not permissions(*each) <= granted()} == set()
