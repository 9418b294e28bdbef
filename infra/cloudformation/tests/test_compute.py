"""The cluster's two fleets: how large, of what, how they give instances back, and when they ring."""

from typing import Any

import pytest
from infra.cloudformation.tests.alarms import TOPIC, alarm, rule
from infra.cloudformation.tests.conftest import CLOUDFORMATION
from infra.cloudformation.tests.resolved import SIZES, of

from accunode_common.scaling.policy import shipped_policy
from accunode_infra.cost import Category, Fleet
from accunode_infra.cost.tier import tier_month
from accunode_infra.resolve import resolve
from accunode_infra.templates import load
from accunode_infra.tiers import Tier, Variant

FLEETS = ("Api", "Worker")


@pytest.mark.parametrize(("tier", "variant"), SIZES)
def test_every_tier_has_two_to_four_api_instances_and_two_to_six_workers(tier: Tier, variant: Variant) -> None:
    policy = shipped_policy()
    for fleet, limits in {"Api": policy.api, "Worker": policy.workers}.items():
        group = of("compute", tier, variant).resources[f"{fleet}Group"].properties
        assert (group["MinSize"], group["MaxSize"]) == (limits.minimum, limits.maximum)
        # The cluster says how many; an update that said so too would undo it.
        assert "DesiredCapacity" not in group
    assert (policy.api.minimum, policy.api.maximum, policy.workers.minimum, policy.workers.maximum) == (2, 4, 2, 6)


def test_the_largest_fleet_costs_at_most_what_the_requirements_cap_it_at() -> None:
    """$150 a month: ten instances at $15, to which the requirements round $15.18. Disks and CPU surplus are extra."""
    month = tier_month("startup", "brief", fleet=Fleet.CEILING).by_category()
    each = (month[Category.API] + month[Category.WORKERS]) / 10
    assert 10 * round(each) <= 150


@pytest.mark.parametrize("fleet", FLEETS)
def test_an_instance_keeps_its_metadata_to_itself_and_its_disk_encrypted(fleet: str) -> None:
    data = of("compute").resources[f"{fleet}LaunchTemplate"].properties["LaunchTemplateData"]
    assert (data["MetadataOptions"]["HttpTokens"], data["MetadataOptions"]["HttpPutResponseHopLimit"]) == (
        "required",
        1,
    )
    (disk,) = data["BlockDeviceMappings"]
    assert (disk["Ebs"]["VolumeType"], disk["Ebs"]["Encrypted"]) == ("gp3", True)
    assert data["CreditSpecification"] == {"CpuCredits": "unlimited"}
    assert {each["ResourceType"] for each in data["TagSpecifications"]} == {"instance", "volume"}


@pytest.mark.parametrize(("type_", "published"), [("t3.small", "NodeImageX86"), ("t4g.small", "NodeImageArm")])
def test_the_image_of_a_node_follows_its_processor(type_: str, published: str) -> None:
    data = of("compute", InstanceType=type_).resources["ApiLaunchTemplate"].properties["LaunchTemplateData"]
    assert (data["InstanceType"], data["ImageId"]) == (type_, {"Ref": published})
    default = load("compute")["Parameters"][published]["Default"]
    assert ("arm64" in default) is type_.startswith("t4g")
    assert "/aws/service/ecs/optimized-ami/amazon-linux-2023/" in default


def test_instances_with_running_workers_are_not_taken_away() -> None:
    found = of("compute").resources
    provider = found["WorkerCapacityProvider"].properties["AutoScalingGroupProvider"]
    assert provider["ManagedTerminationProtection"] == "ENABLED"
    assert provider["ManagedScaling"]["Status"] == "ENABLED"
    # The one needs the other.
    assert found["WorkerGroup"].properties["NewInstancesProtectedFromScaleIn"] is True


@pytest.mark.parametrize("fleet", FLEETS)
def test_an_instance_that_goes_is_drained_first(fleet: str) -> None:
    provider = of("compute").resources[f"{fleet}CapacityProvider"].properties["AutoScalingGroupProvider"]
    assert provider["ManagedDraining"] == "ENABLED"
    assert provider["ManagedScaling"]["TargetCapacity"] == 100


@pytest.mark.parametrize("fleet", FLEETS)
def test_a_fleet_stands_when_its_first_instances_have_said_so(fleet: str) -> None:
    group = of("compute").resources[f"{fleet}Group"]
    assert group.attributes["CreationPolicy"] == {"ResourceSignal": {"Count": 2, "Timeout": "PT15M"}}
    assert group.properties["VPCZoneIdentifier"] == {
        "Fn::Split": [",", {"Fn::ImportValue": "accunode-production-AppSubnets"}]
    }


@pytest.mark.parametrize(
    ("given", "base", "share", "kinds"),
    [
        ({"SpotWorkers": "false"}, 0, 100, 1),
        ({"SpotWorkers": "true"}, 2, 0, 3),
        ({"SpotWorkers": "true", "OnDemandWorkers": "0", "InstanceType": "t4g.small"}, 0, 0, 3),
    ],
)
def test_workers_above_those_on_demand_are_spot_when_chosen(
    given: dict[str, str], base: int, share: int, kinds: int
) -> None:
    group = of("compute", **given).resources["WorkerGroup"].properties
    policy = group["MixedInstancesPolicy"]
    distribution = policy["InstancesDistribution"]
    assert distribution["OnDemandBaseCapacity"] == base
    assert distribution["OnDemandPercentageAboveBaseCapacity"] == share
    assert group["CapacityRebalance"] is (given["SpotWorkers"] == "true")
    types = [each["InstanceType"] for each in policy["LaunchTemplate"]["Overrides"]]
    assert len(types) == kinds
    # All of one processor, as the image of a node is.
    assert len({"g" in each.split(".")[0][1:] for each in types}) == 1
    assert "LaunchTemplate" in of("compute", **given).resources["ApiGroup"].properties, "the API is never Spot"


def test_a_known_peak_has_its_instances_ready_when_chosen() -> None:
    assert not of("compute").of_type("AWS::AutoScaling::ScheduledAction")
    begins, ends = of("compute", PeakWorkerCount="4", PeakTimeZone="Europe/Berlin").of_type(
        "AWS::AutoScaling::ScheduledAction"
    )
    assert (begins.properties["MinSize"], ends.properties["MinSize"]) == (4, 2)
    assert begins.properties["TimeZone"] == ends.properties["TimeZone"] == "Europe/Berlin"
    assert begins.properties["Recurrence"] != ends.properties["Recurrence"]


@pytest.mark.parametrize("fleet", FLEETS)
@pytest.mark.parametrize(
    ("kind", "metric", "expected"),
    [
        # More than 80 % for five minutes: EC2 reports once in five.
        ("Cpu", "CPUUtilization", ("GreaterThanThreshold", 80, 300, 1, 1, "breaching")),
        ("Credit", "CPUCreditBalance", ("LessThanThreshold", 20, 300, 12, 12, "notBreaching")),
        ("Surplus", "CPUSurplusCreditsCharged", ("GreaterThanThreshold", 0, 300, 3, 3, "notBreaching")),
    ],
)
def test_each_fleet_rings_for_its_processors_and_credits(
    fleet: str, kind: str, metric: str, expected: tuple[Any, ...]
) -> None:
    found = alarm(of("compute"), f"{fleet}{kind}Alarm")
    assert (found["MetricName"], rule(found), found["AlarmActions"]) == (metric, expected, [TOPIC])
    assert found["Dimensions"] == [{"Name": "AutoScalingGroupName", "Value": {"Ref": f"{fleet}Group"}}]


@pytest.mark.parametrize("fleet", FLEETS)
def test_people_are_told_when_no_instance_can_be_launched(fleet: str) -> None:
    """By an event: a group's own notification would have to be let into the alerts' key, or the group fails."""
    group = of("compute").resources[f"{fleet}Group"].properties
    assert "NotificationConfigurations" not in group
    (pattern,) = [
        each.properties["EventPattern"]
        for each in of("observability").of_type("AWS::Events::Rule")
        if "EC2 Instance Launch Unsuccessful" in each.properties["EventPattern"]["detail-type"]
    ]
    (name,) = pattern["detail"]["AutoScalingGroupName"]
    assert group["AutoScalingGroupName"].startswith(name["prefix"])


def test_full_monitoring_is_what_the_largest_tier_of_the_requirements_has() -> None:
    detailed = {
        size: of("compute", *size).resources["ApiLaunchTemplate"].properties["LaunchTemplateData"]["Monitoring"]
        for size in SIZES
    }
    assert {size for size, on in detailed.items() if on == {"Enabled": "true"}} == {(Tier.SCALE, Variant.BRIEF)}
    assert detailed[Tier.STARTUP, Variant.BRIEF] == {"Enabled": "false"}


@pytest.mark.parametrize("fleet", FLEETS)
def test_a_node_runs_the_script_that_is_tested(fleet: str) -> None:
    body = load("compute")["Resources"][f"{fleet}LaunchTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    text, values = body["Fn::Base64"]["Fn::Sub"]
    assert text == (CLOUDFORMATION / "scripts" / "ecs-node.sh").read_text()
    assert values["RESOURCE"] == f"{fleet}Group"


def test_a_node_fetches_the_certificates_of_its_region_unless_told_from_where() -> None:
    def script(**given: str) -> str:
        found = resolve(load("compute"), given, pseudo={"AWS::Region": "eu-west-1"})
        data = found.resources["ApiLaunchTemplate"].properties["LaunchTemplateData"]["UserData"]["Fn::Base64"]
        return str(data["Fn::Sub"][0])

    assert '"https://truststore.pki.rds.amazonaws.com/eu-west-1/eu-west-1-bundle.pem"' in script()
    assert '"https://mirror.example/rds.pem"' in script(DatabaseCaBundleUrl="https://mirror.example/rds.pem")


def test_a_node_can_read_no_secret_and_no_object() -> None:
    policies = of("compute").resources["NodeRole"].properties["Policies"]
    actions = {
        action
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert "ManagedPolicyArns" not in of("compute").resources["NodeRole"].properties
    assert {action for action in actions if action.split(":")[0] in {"s3", "secretsmanager", "kms", "ecr"}} == set()
    assert {action for action in actions if action.startswith("ssm:")} == {"ssm:UpdateInstanceInformation"}
