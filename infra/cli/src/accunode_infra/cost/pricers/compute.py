"""What nodes cost: Auto Scaling groups with their disks and detailed metrics, and what ECS adds."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from accunode_infra.cost.model import Category, Context, Fleet, Pricer, Resource, Use
from accunode_infra.cost.prices import decimal
from accunode_infra.errors import RefusedError

DETAILED_METRICS = 7
"""What EC2 bills for an instance that reports each minute."""

INSIGHTS_METRICS = 8
"""Custom metrics that Container Insights makes of a task, near enough."""


def group(resource: Resource, context: Context) -> Iterable[Use]:
    """An Auto Scaling group: hours, disks, detailed monitoring, with Spot where it has a mixed policy."""
    category = role(resource)
    count, floor = node_count(resource, context, category)
    mixed = resource.properties.get("MixedInstancesPolicy", {})
    template = launch_template(resource, context)
    kind = instance_type(resource, context)
    on_demand, spot = _split(count, mixed.get("InstancesDistribution", {}) if mixed else None)
    yield Use(
        f"ec2.{kind}",
        on_demand * context.hours,
        f"{kind} nodes",
        category,
        steady=min(floor, on_demand) * context.hours,
    )
    if spot:
        yield Use(
            f"ec2.{kind}",
            spot * context.hours,
            f"{kind} Spot nodes",
            category,
            discount=context.spot_discount,
        )
    yield from _disks(template, count, category, context)
    if template.get("Monitoring", {}).get("Enabled") in {True, "true"}:
        yield Use("ec2.detailed", count * DETAILED_METRICS, "detailed metrics of the nodes", Category.MONITORING)


def instance(resource: Resource, context: Context) -> Iterable[Use]:
    """A single instance."""
    kind = resource.properties["InstanceType"]
    category = role(resource)
    yield Use(f"ec2.{kind}", context.hours, f"{kind} instance", category, steady=context.hours)
    yield from _disks(resource.properties, Decimal(1), category, context)


def cluster(resource: Resource, context: Context) -> Iterable[Use]:
    """An ECS cluster costs nothing, its Container Insights do."""
    for setting in resource.properties.get("ClusterSettings", []):
        if setting.get("Name") == "containerInsights" and setting.get("Value") != "disabled":
            quantity = context.usage["insights_tasks"] * INSIGHTS_METRICS
            yield Use("cloudwatch.metric", quantity, "Container Insights", Category.MONITORING)


def role(resource: Resource) -> Category:
    """Which of the product's nodes a group or an instance holds, by its logical name."""
    name = resource.name.lower()
    for part, category in (("nat", Category.EGRESS), ("worker", Category.WORKERS), ("api", Category.API)):
        if name.startswith(part):
            return category
    raise RefusedError(
        f"The nodes {resource.name} of the stack {resource.stack} are neither API, worker nor NAT nodes."
    )


def node_count(resource: Resource, context: Context, category: Category) -> tuple[Decimal, Decimal]:
    """How many nodes of a group run on average, and how many always.

    Raises:
        RefusedError: `usage.yaml` expects more or fewer than the group may have.
    """
    low, high = decimal(resource.properties["MinSize"]), decimal(resource.properties["MaxSize"])
    if category is Category.EGRESS:
        wanted = decimal(resource.properties.get("DesiredCapacity", low))
        return wanted, wanted
    if context.fleet is Fleet.FLOOR:
        return low, low
    if context.fleet is Fleet.CEILING:
        return high, low
    name = "api_nodes" if category is Category.API else "worker_nodes"
    expected = context.usage[name]
    if not low <= expected <= high:
        raise RefusedError(f"cost/usage.yaml expects {expected} {name}, and {resource.name} may have {low} to {high}.")
    return expected, low


def launch_template(resource: Resource, context: Context) -> Mapping[str, Any]:
    """The launch template's data that a group starts its nodes from; empty when it is not in the same stack."""
    properties = resource.properties
    mixed = properties.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    named = properties.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification", {})
    found = context.referred(resource, named.get("LaunchTemplateId"))
    return {} if found is None else found.properties["LaunchTemplateData"]


def instance_type(resource: Resource, context: Context) -> str:
    """The type of a group's nodes: the first override of a mixed policy, else the launch template's."""
    mixed = resource.properties.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    for override in mixed.get("Overrides", []):
        if "InstanceType" in override:
            return str(override["InstanceType"])
    return str(launch_template(resource, context)["InstanceType"])


def _split(count: Decimal, distribution: Mapping[str, Any] | None) -> tuple[Decimal, Decimal]:
    if distribution is None:
        return count, Decimal(0)
    base = min(count, decimal(distribution.get("OnDemandBaseCapacity", 0)))
    share = decimal(distribution.get("OnDemandPercentageAboveBaseCapacity", 100)) / 100
    on_demand = base + (count - base) * share
    return on_demand, count - on_demand


def _disks(source: Mapping[str, Any], count: Decimal, category: Category, context: Context) -> Iterable[Use]:
    volumes = [mapping["Ebs"] for mapping in source.get("BlockDeviceMappings", []) if "Ebs" in mapping]
    default = context.usage["nat_disk_gb" if category is Category.EGRESS else "image_disk_gb"]
    size = sum((decimal(volume.get("VolumeSize", default)) for volume in volumes), Decimal(0)) or default
    where = category if category is Category.EGRESS else Category.DISKS
    yield Use("ebs.gp3", size * count, "node disks", where)


PRICERS: Mapping[str, Pricer] = {
    "AWS::AutoScaling::AutoScalingGroup": group,
    "AWS::EC2::Instance": instance,
    "AWS::ECS::Cluster": cluster,
}
