from decimal import Decimal

import pytest

from accunode_infra.cost import Category, Fleet, difference, month, resources_of
from accunode_infra.cost.advice import surplus
from accunode_infra.cost.model import Month, Resource
from accunode_infra.cost.pricers import FREE, PRICERS
from accunode_infra.cost.prices import prices
from accunode_infra.cost.usage import usage
from accunode_infra.errors import RefusedError
from accunode_infra.resolve import resolve
from accunode_infra.templates import parse

DATABASE = """
Parameters: {Class: {Type: String, Default: db.t3.micro}, MultiAZ: {Type: String, Default: "false"}}
Resources:
  Database:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      DBInstanceClass: !Ref Class
      AllocatedStorage: "20"
      StorageType: gp3
      MultiAZ: !Ref MultiAZ
      BackupRetentionPeriod: 7
"""

NODES = """
Resources:
  WorkerTemplate:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        InstanceType: t3.small
        BlockDeviceMappings: [{DeviceName: /dev/xvda, Ebs: {VolumeSize: 30, VolumeType: gp3}}]
  WorkerGroup:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      MinSize: "2"
      MaxSize: "6"
      LaunchTemplate: {LaunchTemplateId: !Ref WorkerTemplate, Version: "1"}
"""

SPOT_NODES = NODES.replace(
    '      LaunchTemplate: {LaunchTemplateId: !Ref WorkerTemplate, Version: "1"}\n',
    """      MixedInstancesPolicy:
        InstancesDistribution: {OnDemandBaseCapacity: 2, OnDemandPercentageAboveBaseCapacity: 0}
        LaunchTemplate:
          LaunchTemplateSpecification: {LaunchTemplateId: !Ref WorkerTemplate, Version: "1"}
""",
)


def priced(template: str, tier: str = "startup", **options: object) -> Month:
    parameters = options.pop("parameters", {})
    found = resources_of("stack", resolve(parse(template), parameters))  # type: ignore[arg-type]
    return month(found, tier=tier, shared=False, **options)  # type: ignore[arg-type]


def test_a_database_costs_its_class_and_the_storage_it_is_given() -> None:
    assert priced(DATABASE).total == Decimal("0.018") * 730 + Decimal("0.115") * 20


def test_a_standby_in_a_second_zone_doubles_instance_and_storage() -> None:
    single, double = priced(DATABASE), priced(DATABASE, parameters={"MultiAZ": "true"})
    assert double.total == 2 * single.total
    assert difference(single, double).amount == single.total


def test_backups_are_paid_for_beyond_what_is_allocated() -> None:
    small = DATABASE.replace('"20"', '"5"')
    assert priced(small).by_category()[Category.STORAGE] == (usage("startup")["rds_backup_gb"] - 5) * Decimal("0.095")
    assert priced(DATABASE).by_category()[Category.STORAGE] == 0


def test_a_group_costs_the_nodes_that_are_expected_at_least_its_minimum_and_at_most_its_maximum() -> None:
    node = Decimal("0.0208") * 730 + 30 * Decimal("0.08")
    assert priced(NODES, "growth", fleet=Fleet.FLOOR).total == 2 * node
    assert priced(NODES, "growth").total == 4 * node
    assert priced(NODES, "growth", fleet=Fleet.CEILING).total == 6 * node


def test_an_expectation_beyond_what_a_group_may_have_is_refused() -> None:
    with pytest.raises(RefusedError, match="expects 6 worker_nodes, and WorkerGroup may have 2 to 4"):
        priced(NODES.replace('"6"', '"4"'), "scale")


def test_spot_takes_its_discount_off_the_nodes_above_the_base_and_off_nothing_else() -> None:
    saved = priced(NODES, "growth").total - priced(SPOT_NODES, "growth", spot_discount=Decimal("0.6")).total
    assert saved == 2 * Decimal("0.0208") * 730 * Decimal("0.6")
    assert priced(SPOT_NODES, "startup").total == priced(NODES, "startup").total


def test_a_reservation_takes_its_discount_off_the_nodes_that_never_stop() -> None:
    saved = priced(NODES, "growth").total - priced(NODES, "growth", reserved=True).total
    assert saved == 2 * Decimal("0.0208") * 730 * Decimal("0.37")


@pytest.mark.parametrize(("load", "a_node"), [("0.2", "0"), ("0.5", "21.90"), ("0.6", "29.20"), ("0.7", "36.50")])
def test_surplus_credits_cost_what_two_processors_use_above_their_baseline(load: str, a_node: str) -> None:
    assert surplus(priced(NODES), Decimal(load)) == 2 * Decimal(a_node)


def test_an_alarm_costs_each_metric_that_it_watches_and_the_first_ten_of_a_month_are_free() -> None:
    plain = "  Plain%d: {Type: AWS::CloudWatch::Alarm, Properties: {MetricName: A}}\n"
    ratio = """  Ratio:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - {Id: r, Expression: a / b}
        - {Id: a, MetricStat: {Stat: Sum}}
        - {Id: b, MetricStat: {Stat: Sum}}
"""
    ten = "Resources:\n" + "".join(plain % number for number in range(10))
    assert priced(ten).total == 0
    assert priced(ten + ratio).total == Decimal("0.20")


def test_a_gateway_endpoint_is_free_and_an_interface_endpoint_costs_each_zone() -> None:
    template = """
Resources:
  Objects: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcEndpointType: Gateway}}
  Registry: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcEndpointType: Interface, SubnetIds: [a, b]}}
"""
    assert priced(template).total == 2 * 730 * Decimal("0.01") + usage("startup")["egress_gb"] * Decimal("0.01")


def test_a_type_that_is_neither_priced_nor_known_to_be_free_is_refused_by_name() -> None:
    template = "Resources: {Search: {Type: AWS::OpenSearchService::Domain}}"
    with pytest.raises(
        RefusedError, match=r"AWS::OpenSearchService::Domain \(Search in the stack stack\) has no price"
    ):
        priced(template)


def test_a_class_without_a_price_is_refused_with_what_to_do() -> None:
    with pytest.raises(RefusedError, match=r"no price of rds\.postgres\.db\.x2g\.large: add it, with its source"):
        priced(DATABASE, parameters={"Class": "db.x2g.large"})


def test_nothing_costs_nothing() -> None:
    assert month([], tier="startup").total == 0


def test_no_type_is_both_priced_and_free() -> None:
    assert not set(PRICERS) & set(FREE)


def test_a_difference_names_what_changes_and_nothing_else() -> None:
    before = priced(DATABASE)
    after = priced(DATABASE, parameters={"Class": "db.t3.small"})
    found = difference(before, after)
    assert [(change.what, change.amount > 0) for change in found.changes] == [
        ("db.t3.micro", False),
        ("db.t3.small", True),
    ]
    assert found.amount == Decimal("0.018") * 730
    assert not difference(before, before).changes


def test_cost_is_allocated_by_the_tag_service_and_else_by_the_stack() -> None:
    tagged = Resource("stack", "A", "AWS::KMS::Key", {"Tags": [{"Key": "Service", "Value": "edge"}]})
    plain = Resource("data", "B", "AWS::KMS::Key", {})
    assert month([tagged, plain], tier="startup", shared=False).by_service() == {"edge": 1, "data": 1}


def test_every_price_says_how_far_it_can_be_trusted_and_where_it_is_from() -> None:
    for price in prices().meters.values():
        assert price.mark in {"verified", "found", "memory"}, price
        assert (price.source == "none") == (price.mark == "memory"), price


def test_every_assumption_has_a_reason() -> None:
    for assumption in usage("startup").assumptions.values():
        assert len(assumption.why) > 20, assumption


def test_shares_of_the_log_add_to_all_of_it() -> None:
    assert sum(usage("startup").shares.values()) == 1
