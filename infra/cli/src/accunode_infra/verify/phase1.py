"""Phase 1, AWS setup: network, security groups, roles, parameters, registry."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from accunode_common.routing import SERVICES
from accunode_infra.release.site import Site, pages
from accunode_infra.secrets.store import NEEDED
from accunode_infra.verify.model import Check, Fact

ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})
PUBLIC_PORTS = frozenset({80, 443})
BOUNDARY = "accunode-boundary"
REPOSITORIES = tuple(f"accunode/{name}" for name in (*(service.name for service in SERVICES), "worker"))
TARGETS = ("GatewayId", "NatGatewayId", "NetworkInterfaceId", "InstanceId")
KINDS = ("PublicSubnets", "AppSubnets", "DataSubnets")


def subnets(site: Site) -> Iterator[Fact]:
    """Six subnets in two zones; the public ones lead to the internet, the data ones nowhere."""
    ec2 = site.client("ec2")
    vpc = ec2.describe_vpcs(VpcIds=[site.export("VpcId", of="network")])["Vpcs"][0]
    yield Fact(True, f"{vpc['VpcId']} has {vpc['CidrBlock']}")
    blocks = []
    for kind in KINDS:
        ids = site.export(kind, of="network").split(",")
        found = ec2.describe_subnets(SubnetIds=ids)["Subnets"]
        blocks += [ipaddress.ip_network(each["CidrBlock"]) for each in found]
        zones = {each["AvailabilityZone"] for each in found}
        listed = ", ".join(f"{each['CidrBlock']} ({each['AvailabilityZone']})" for each in found)
        yield Fact(len(zones) >= 2, f"{kind}: {listed}")
        for each in found:
            yield _route(ec2, kind, each["SubnetId"])
    overlapping = [f"{one} and {two}" for one in blocks for two in blocks if one is not two and one.overlaps(two)]
    yield Fact(not overlapping, f"overlapping: {', '.join(overlapping)}" if overlapping else "no two overlap")


def _route(ec2: Any, kind: str, subnet: str) -> Fact:
    tables = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
    routes = [route for table in tables for route in table["Routes"] if route.get("DestinationCidrBlock") in ANYWHERE]
    ways = [next(filter(None, map(route.get, TARGETS)), "") for route in routes]
    internet = any(way.startswith("igw-") for way in ways)
    if kind == "PublicSubnets":
        return Fact(internet, f"{subnet} leads to {ways[0] if ways else 'nowhere'}")
    if kind == "DataSubnets":
        return Fact(not ways, f"{subnet} leads {'to ' + ways[0] if ways else 'nowhere outside'}")
    return Fact(not internet, f"{subnet} leads to {ways[0] if ways else 'endpoints only'}")


def security_groups(site: Site) -> Iterator[Fact]:
    """The world reaches the load balancer on 80 and 443 only; database and cache open to their clients' group only."""
    vpc = site.export("VpcId", of="network")
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    groups = list(pages(site.client("ec2"), "describe_security_groups", "SecurityGroups", Filters=filters))
    balancer = site.export("LoadBalancerSecurityGroup", of="network")
    for group in groups:
        for rule in group["IpPermissions"]:
            if _from_anywhere(rule):
                port = rule.get("FromPort")
                allowed = group["GroupId"] == balancer and port in PUBLIC_PORTS and port == rule.get("ToPort")
                yield Fact(allowed, f"{group['GroupName']} is open to the world on {port or 'every port'}")
    for name, port in (("Database", 5432), ("Cache", 6379)):
        group_id = site.export(f"{name}SecurityGroup", of="network")
        client = site.export(f"{name}ClientSecurityGroup", of="network")
        rules = next(group["IpPermissions"] for group in groups if group["GroupId"] == group_id)
        sources = {pair["GroupId"] for rule in rules for pair in rule.get("UserIdGroupPairs", [])}
        ports = {rule.get("FromPort") for rule in rules}
        blocks = [block for rule in rules for block in rule.get("IpRanges", [])]
        yield Fact(
            sources == {client} and ports == {port} and not blocks,
            f"{name.lower()}: port {', '.join(map(str, sorted(ports, key=str)))} from {', '.join(sorted(sources))}",
        )


def _from_anywhere(rule: Mapping[str, Any]) -> bool:
    blocks = [each.get("CidrIp") for each in rule.get("IpRanges", [])]
    blocks += [each.get("CidrIpv6") for each in rule.get("Ipv6Ranges", [])]
    return any(block in ANYWHERE for block in blocks)


def roles(site: Site) -> Iterator[Fact]:
    """The boundary exists, and every role of ours is held by it."""
    iam = site.client("iam")
    boundary = f"arn:{site.session.partition}:iam::{site.session.account}:policy/{BOUNDARY}"
    iam.get_policy(PolicyArn=boundary)
    yield Fact(True, f"{BOUNDARY} stands")
    ours = [
        role["RoleName"]
        for role in pages(iam, "list_roles", "Roles")
        if role["RoleName"].startswith(f"accunode-{site.name}-")
    ]
    yield Fact(bool(ours), f"{len(ours)} roles begin with accunode-{site.name}-")
    for name in ours:
        held = iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        if held != boundary:
            yield Fact(False, f"the role {name} is held by {held or 'no boundary'}")


def secrets(site: Site) -> Iterator[Fact]:
    """Every secret that a task or a stack reads is there and encrypted. No value is asked for."""
    path = site.parameter_name()
    filters = [{"Key": "Name", "Option": "BeginsWith", "Values": [f"{path}/"]}]
    there = {
        each["Name"]: each["Type"]
        for each in pages(site.client("ssm"), "describe_parameters", "Parameters", ParameterFilters=filters)
    }
    wanted = [site.parameter_name(*name) for name in NEEDED]
    missing = [name for name in wanted if name not in there]
    plain = [name for name in wanted if there.get(name, "SecureString") != "SecureString"]
    yield Fact(
        not missing,
        f"missing: {', '.join(missing)}; run `accunode-infra secrets put`"
        if missing
        else f"{len(wanted)} secrets are there",
    )
    yield Fact(not plain, f"not encrypted: {', '.join(plain)}" if plain else "each is a SecureString")


def registry(site: Site) -> Iterator[Fact]:
    """A repository for each image, whose tags cannot be moved and whose images are scanned."""
    found = site.client("ecr").describe_repositories(repositoryNames=list(REPOSITORIES))["repositories"]
    for repository in found:
        immutable = repository.get("imageTagMutability") == "IMMUTABLE"
        scanned = repository.get("imageScanningConfiguration", {}).get("scanOnPush", False)
        yield Fact(
            immutable and scanned,
            f"{repository['repositoryName']}: tags {'cannot' if immutable else 'can'} be moved, "
            f"images are {'' if scanned else 'not '}scanned",
        )


CHECKS = (
    Check("VPC with proper subnets", subnets),
    Check("Security groups configured", security_groups),
    Check("IAM roles ready", roles),
    Check("Parameter Store ready", secrets),
    Check("Registry ready", registry),
)
