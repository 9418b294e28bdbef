"""What the network costs: the load balancer, addresses, and the private subnets' way out."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from accunode_infra.cost.model import Category, Context, Pricer, Resource, Use


def load_balancer(resource: Resource, context: Context) -> Iterable[Use]:
    """An application load balancer, with a public address in each zone unless it is internal."""
    yield Use("alb.hour", context.hours, "load balancer", Category.BALANCER)
    yield Use("alb.lcu", context.usage["lcu"] * context.hours, "capacity units", Category.BALANCER)
    if resource.properties.get("Scheme", "internet-facing") == "internet-facing":
        zones = _zones(resource.properties["Subnets"], context)
        yield Use("ipv4", zones * context.hours, "public addresses of the load balancer", Category.BALANCER)


def address(_: Resource, context: Context) -> Iterable[Use]:
    """A public address."""
    yield Use("ipv4", context.hours, "public address", Category.EGRESS)


def nat_gateway(_: Resource, context: Context) -> Iterable[Use]:
    """A NAT gateway, and its share of what goes out through all of them."""
    gateways = len(context.of_type("AWS::EC2::NatGateway"))
    yield Use("nat.hour", context.hours, "NAT gateway", Category.EGRESS)
    yield Use("nat.gb", context.usage["egress_gb"] / gateways, "through the NAT gateway", Category.EGRESS)


def endpoint(resource: Resource, context: Context) -> Iterable[Use]:
    """A gateway endpoint costs nothing, an interface endpoint in each zone does."""
    if resource.properties.get("VpcEndpointType", "Gateway") != "Interface":
        return
    interfaces = [
        found
        for found in context.of_type("AWS::EC2::VPCEndpoint")
        if found.properties.get("VpcEndpointType") == "Interface"
    ]
    zones = _zones(resource.properties["SubnetIds"], context)
    yield Use("endpoint.hour", zones * context.hours, "interface endpoints", Category.EGRESS)
    yield Use("endpoint.gb", context.usage["egress_gb"] / len(interfaces), "through the endpoints", Category.EGRESS)


def firewall(resource: Resource, context: Context) -> Iterable[Use]:
    """A web ACL, its rules, and what it looks at."""
    yield Use("waf.acl", Decimal(1), "web firewall", Category.BALANCER)
    yield Use("waf.rule", Decimal(len(resource.properties.get("Rules", []))), "firewall rules", Category.BALANCER)
    yield Use("waf.requests", context.usage["waf_requests"], "requests looked at", Category.BALANCER)


def zone(_: Resource, __: Context) -> Iterable[Use]:
    """A hosted zone."""
    yield Use("route53.zone", Decimal(1), "domain zone", Category.OTHER)


def _zones(subnets: object, context: Context) -> Decimal:
    """How many zones a list of subnets spans: its own length, or that of the public subnets where it is imported."""
    if isinstance(subnets, list):
        return Decimal(len(subnets))
    public = [
        subnet
        for subnet in context.of_type("AWS::EC2::Subnet")
        if str(subnet.properties.get("MapPublicIpOnLaunch", False)).lower() == "true" or "Public" in subnet.name
    ]
    return Decimal(len(public) or 2)


PRICERS: Mapping[str, Pricer] = {
    "AWS::EC2::EIP": address,
    "AWS::EC2::NatGateway": nat_gateway,
    "AWS::EC2::VPCEndpoint": endpoint,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": load_balancer,
    "AWS::Route53::HostedZone": zone,
    "AWS::WAFv2::WebACL": firewall,
}
