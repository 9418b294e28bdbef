"""The network: what is where, who may speak to whom, and the way out."""

import ipaddress
import re
from itertools import combinations
from typing import Any

import pytest
from infra.cloudformation.tests import resolved

WORLD = "0.0.0.0/0"
MAIL = {"MailPort": "587"}

INCOMING = {
    ("LoadBalancer", WORLD, 80, 80),
    ("LoadBalancer", WORLD, 443, 443),
    ("Api", "LoadBalancer", 32768, 65535),
    ("Database", "DatabaseClient", 5432, 5432),
    ("Cache", "CacheClient", 6379, 6379),
    ("Nat", "Api", 443, 443),
    ("Nat", "Worker", 443, 443),
    ("Nat", "Function", 443, 443),
}
OUTGOING = {
    ("LoadBalancer", "Api", 32768, 65535),
    ("Api", WORLD, 443, 443),
    ("Worker", WORLD, 443, 443),
    ("Function", WORLD, 443, 443),
    ("DatabaseClient", "Database", 5432, 5432),
    ("CacheClient", "Cache", 6379, 6379),
    ("Nat", WORLD, 443, 443),
    # Answers leave by an interface that has not seen the requests, so nothing lets them out by itself.
    ("Nat", "Api", 1024, 65535),
    ("Nat", "Worker", 1024, 65535),
    ("Nat", "Function", 1024, 65535),
}
"""Group, peer, first port, last port: every rule that there is."""


def group(reference: Any) -> str:
    return str(reference["Ref"]).removesuffix("SecurityGroup")


def rules(direction: str, **given: str) -> set[tuple[str, str, int, int]]:
    found = set()
    for each in resolved.of("network", **given).of_type(f"AWS::EC2::SecurityGroup{direction}"):
        peer = "SourceSecurityGroupId" if direction == "Ingress" else "DestinationSecurityGroupId"
        properties = each.properties
        other = group(properties[peer]) if peer in properties else properties["CidrIp"]
        assert properties["IpProtocol"] == "tcp"
        found.add((group(properties["GroupId"]), other, properties["FromPort"], properties["ToPort"]))
    return found


def test_the_rules_are_these_and_no_others() -> None:
    assert rules("Ingress") == INCOMING
    assert rules("Egress") == OUTGOING


MEMBERS = {
    "compute ApiLaunchTemplate": {"Api", "DatabaseClient", "CacheClient"},
    "compute WorkerLaunchTemplate": {"Worker", "DatabaseClient", "CacheClient"},
    "queue-metric Function": {"Function", "CacheClient"},
    "data Database": {"Database"},
    "cache Cache": {"Cache"},
    "edge LoadBalancer": {"LoadBalancer"},
}
"""What lies in which groups, outside the network's own stack."""


def memberships() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in resolved.resources():
        for name in re.findall(r"accunode-production-(\w+)SecurityGroup'", str(each.properties)):
            found.setdefault(each.where, set()).add(name)
    return found


def test_whoever_speaks_to_somebody_is_in_the_group_that_may() -> None:
    assert memberships() == MEMBERS


FLOWS = [
    ("edge LoadBalancer", "compute ApiLaunchTemplate", 32768),
    ("compute ApiLaunchTemplate", "data Database", 5432),
    ("compute ApiLaunchTemplate", "cache Cache", 6379),
    ("compute WorkerLaunchTemplate", "data Database", 5432),
    ("compute WorkerLaunchTemplate", "cache Cache", 6379),
    ("queue-metric Function", "cache Cache", 6379),
    ("compute ApiLaunchTemplate", "Nat", 443),
    ("compute WorkerLaunchTemplate", "Nat", 443),
    ("queue-metric Function", "Nat", 443),
    ("compute ApiLaunchTemplate", "Endpoint", 443),
    ("compute WorkerLaunchTemplate", "Endpoint", 443),
    ("queue-metric Function", "Endpoint", 443),
]


@pytest.mark.parametrize(("one", "other", "port"), FLOWS)
def test_what_has_to_speak_with_each_other_is_let_out_here_and_in_there(one: str, other: str, port: int) -> None:
    egress = {"Egress": "endpoints" if other == "Endpoint" else "nat-instance"}
    ours = memberships()[one]
    theirs = memberships().get(other, {other})
    outgoing, incoming = rules("Egress", **egress), rules("Ingress", **egress)
    assert any(
        first <= port <= last for group_, peer, first, last in outgoing if group_ in ours and peer in {*theirs, WORLD}
    )
    assert any(
        first <= port <= last for group_, peer, first, last in incoming if group_ in theirs and peer in {*ours, WORLD}
    )


def test_a_mail_server_adds_one_port_on_the_way_out() -> None:
    assert rules("Ingress", **MAIL) - INCOMING == {("Nat", "Api", 587, 587)}
    assert rules("Egress", **MAIL) - OUTGOING == {("Api", WORLD, 587, 587), ("Nat", WORLD, 587, 587)}


def test_no_group_has_rules_beside_those() -> None:
    for each in resolved.of("network").of_type("AWS::EC2::SecurityGroup"):
        assert "SecurityGroupIngress" not in each.properties
        (nothing,) = each.properties["SecurityGroupEgress"]
        assert nothing["CidrIp"] == "127.0.0.1/32"


@pytest.mark.parametrize("egress", ["nat-instance", "nat-gateway", "nat-gateway-per-az", "endpoints"])
def test_the_world_reaches_ports_80_and_443_of_the_load_balancer_only(egress: str) -> None:
    open_to_all = {rule for rule in rules("Ingress", Egress=egress, **MAIL) if "/" in rule[1]}
    assert open_to_all == {("LoadBalancer", WORLD, 80, 80), ("LoadBalancer", WORLD, 443, 443)}


def test_the_addresses_are_those_of_the_requirements() -> None:
    network = resolved.of("network")
    assert network.resources["Vpc"].properties["CidrBlock"] == "10.0.0.0/16"
    assert network.resources["PublicSubnetA"].properties["CidrBlock"] == "10.0.1.0/24"


def test_subnets_lie_apart_in_the_vpc_and_each_kind_in_two_zones() -> None:
    network = resolved.of("network")
    whole = ipaddress.ip_network(network.resources["Vpc"].properties["CidrBlock"])
    subnets = {each.name: each.properties for each in network.of_type("AWS::EC2::Subnet")}
    blocks = [ipaddress.ip_network(properties["CidrBlock"]) for properties in subnets.values()]
    assert len(blocks) == 6
    assert all(block.subnet_of(whole) for block in blocks)
    assert not any(one.overlaps(other) for one, other in combinations(blocks, 2))
    for kind in ("Public", "App", "Data"):
        zones = {subnets[f"{kind}Subnet{letter}"]["AvailabilityZone"] for letter in "AB"}
        assert len(zones) == 2
    assert not any(properties["MapPublicIpOnLaunch"] for properties in subnets.values())


def routes(**given: str) -> dict[str, Any]:
    """Route table to where its default route leads."""
    return {
        each.properties["RouteTableId"]["Ref"]: next(
            each.properties[key]["Ref"]
            for key in ("GatewayId", "NatGatewayId", "NetworkInterfaceId")
            if key in each.properties
        )
        for each in resolved.of("network", **given).of_type("AWS::EC2::Route")
        if each.properties["DestinationCidrBlock"] == WORLD
    }


@pytest.mark.parametrize(
    ("egress", "first", "second"),
    [
        ("nat-instance", "NatInterface", "NatInterface"),
        ("nat-gateway", "NatGatewayA", "NatGatewayA"),
        ("nat-gateway-per-az", "NatGatewayA", "NatGatewayB"),
        ("endpoints", None, None),
    ],
)
def test_app_subnets_leave_by_the_way_out_and_data_subnets_by_none(
    egress: str, first: str | None, second: str | None
) -> None:
    found = routes(Egress=egress)
    assert found.pop("PublicRouteTable") == "InternetGateway"
    expected = {"AppRouteTableA": first, "AppRouteTableB": second}
    assert found == {table: target for table, target in expected.items() if target}
    for letter in "AB":
        association = resolved.of("network", Egress=egress).resources[f"DataSubnetRoutes{letter}"].properties
        assert association["RouteTableId"] == {"Ref": "DataRouteTable"}


def test_only_what_a_way_out_needs_is_made() -> None:
    def kinds(egress: str) -> set[str]:
        return {each.type for each in resolved.of("network", Egress=egress).resources.values()}

    assert "AWS::EC2::NatGateway" not in kinds("nat-instance")
    assert "AWS::AutoScaling::AutoScalingGroup" not in kinds("nat-gateway")
    assert not {"AWS::EC2::EIP", "AWS::EC2::NatGateway"} & kinds("endpoints")


def test_endpoints_bring_every_service_that_a_node_calls() -> None:
    endpoints = [
        each.properties for each in resolved.of("network", Egress="endpoints").of_type("AWS::EC2::VPCEndpoint")
    ]
    names = {each["ServiceName"].split(".", 3)[3] for each in endpoints if each["VpcEndpointType"] == "Interface"}
    assert names == {"ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs", "ssm", "cloudformation"}


def test_s3_has_a_gateway_endpoint_with_every_way_out() -> None:
    (endpoint,) = resolved.of("network").of_type("AWS::EC2::VPCEndpoint")
    assert endpoint.properties["VpcEndpointType"] == "Gateway"
    assert endpoint.properties["RouteTableIds"] == [{"Ref": "AppRouteTableA"}, {"Ref": "AppRouteTableB"}]
    anyone = [each for each in endpoint.properties["PolicyDocument"]["Statement"] if "Condition" not in each]
    assert [each["Action"] for each in anyone] == ["s3:GetObject"]


def test_one_nat_instance_is_kept_running_with_a_protected_metadata_service() -> None:
    group = resolved.one("network", "AWS::AutoScaling::AutoScalingGroup")
    assert (group["MaxSize"], group["DesiredCapacity"]) == ("1", "1")
    template = resolved.one("network", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
    assert template["InstanceType"] == "t4g.nano"
    assert template["MetadataOptions"]["HttpTokens"] == "required"
    assert all(device["Ebs"]["Encrypted"] for device in template["BlockDeviceMappings"])
    assert resolved.of("network").resources["NatInterface"].properties["SourceDestCheck"] is False


@pytest.mark.parametrize(("choice", "traffic"), [("none", None), ("rejects", "REJECT"), ("all", "ALL")])
def test_flow_logs_are_a_choice(choice: str, traffic: str | None) -> None:
    found = resolved.of("network", FlowLogs=choice).of_type("AWS::EC2::FlowLog")
    assert [each.properties["TrafficType"] for each in found] == ([traffic] if traffic else [])
