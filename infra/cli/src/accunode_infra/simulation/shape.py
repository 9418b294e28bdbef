"""What the templates of a tier say about scaling: policies from alarms and steps, instances, reservations, pools."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from accunode_common.scaling import FleetPolicy
from accunode_infra.cost.tier import ENVIRONMENT, RUNNING
from accunode_infra.errors import RefusedError
from accunode_infra.resolve import Resolved, Resource, resolve
from accunode_infra.stacks import STACKS, parameters, stack
from accunode_infra.templates import CLOUDFORMATION, load


@dataclass(frozen=True)
class ServiceShape:
    """An API service.

    Attributes:
        policy: When copies are added and taken away.
        cpu: CPU units reserved for a copy, of 1,024 a processor.
        pool: Database connections that a copy opens at most.
    """

    policy: FleetPolicy
    cpu: int
    pool: int


@dataclass(frozen=True)
class Instances:
    """An Auto Scaling group.

    Attributes:
        type: The instances' type.
        minimum: How many always run.
        maximum: How many are never exceeded.
        unlimited: Whether they go on without CPU credits.
        on_demand: How many are paid at the full price; the rest are Spot. None for all.
    """

    type: str
    minimum: int
    maximum: int
    unlimited: bool
    on_demand: int | None = None


@dataclass(frozen=True)
class Shape:
    """All that the simulation takes from a tier's templates.

    Attributes:
        tier: The tier's name.
        variant: Whose machines.
        services: The API services by name.
        workers: When workers are added and taken away.
        worker_processes: Messages that one worker works on at once.
        api_instances: Where the services run.
        worker_instances: Where the workers run, one on each.
        database: The class of the database's instance.
        connections: How many the database takes at most.
        timeout: Seconds after which the load balancer gives a request up.
    """

    tier: str
    variant: str
    services: Mapping[str, ServiceShape]
    workers: FleetPolicy
    worker_processes: int
    api_instances: Instances
    worker_instances: Instances
    database: str
    connections: int
    timeout: float


def read_shape(tier: str, variant: str = "brief", *, root: Path = CLOUDFORMATION) -> Shape:
    """The shape of a tier.

    Raises:
        RefusedError: A template is missing, or lacks what the simulation needs of it.
    """

    def resolved(name: str) -> Resolved:
        wanted = stack(name)
        template = load(wanted.template, root=root)
        given = {key: value for key, value in RUNNING.items() if key in template.get("Parameters", {})}
        overrides = {**given, **parameters(wanted, environment=ENVIRONMENT, tier=tier, variant=variant, root=root)}
        return resolve(template, overrides)

    services = {
        each.service.name: _service(each.name, resolved(each.name)) for each in STACKS if each.service is not None
    }
    worker, compute, data = resolved("worker"), resolved("compute"), resolved("data")
    settings = _only(data, "AWS::RDS::DBParameterGroup").properties["Parameters"]
    return Shape(
        tier=tier,
        variant=variant,
        services=services,
        workers=scaling_policy(worker),
        worker_processes=_worker_processes(worker),
        api_instances=_instances(compute, "Api"),
        worker_instances=_instances(compute, "Worker"),
        database=str(_only(data, "AWS::RDS::DBInstance").properties["DBInstanceClass"]),
        connections=int(settings["max_connections"]),
        timeout=_timeout(resolved("edge")),
    )


def scaling_policy(template: Resolved) -> FleetPolicy:
    """The policy of a template with one scalable target: its limits, its step policies, and the alarms that ring them.

    Raises:
        RefusedError: The template scales in another way.
    """
    target = _only(template, "AWS::ApplicationAutoScaling::ScalableTarget").properties
    found: dict[str, Any] = {"minimum": target["MinCapacity"], "maximum": target["MaxCapacity"]}
    for policy in template.of_type("AWS::ApplicationAutoScaling::ScalingPolicy"):
        alarm = next(
            (
                each.properties
                for each in template.of_type("AWS::CloudWatch::Alarm")
                if {"Ref": policy.name} in each.properties.get("AlarmActions", [])
            ),
            None,
        )
        if alarm is None:
            raise RefusedError(f"No alarm rings the scaling policy {policy.name}, so nothing would ever scale.")
        if policy.properties["PolicyType"] != "StepScaling":
            raise RefusedError(f"The scaling policy {policy.name} is not one of steps, which alone are simulated.")
        above = alarm["ComparisonOperator"].startswith("GreaterThan")
        found["scale_out" if above else "scale_in"] = _rule(alarm, policy, above=above)
        found |= {"metric": alarm["MetricName"], "statistic": alarm["Statistic"]}
    try:
        return FleetPolicy.model_validate(found)
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise RefusedError(f"The templates scale in a way that is not simulated: {reasons}.") from None


def _rule(alarm: Mapping[str, Any], policy: Resource, *, above: bool) -> dict[str, Any]:
    steps = policy.properties["StepScalingPolicyConfiguration"]
    near = "MetricIntervalLowerBound" if above else "MetricIntervalUpperBound"
    ordered = sorted(steps["StepAdjustments"], key=lambda step: abs(float(step.get(near, 0))))
    return {
        "comparison": alarm["ComparisonOperator"],
        "threshold": alarm["Threshold"],
        "period_seconds": alarm["Period"],
        "evaluation_periods": alarm["EvaluationPeriods"],
        "datapoints_to_alarm": alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]),
        "missing_data": alarm.get("TreatMissingData", "missing"),
        "steps": [
            {"at": float(alarm["Threshold"]) + float(step.get(near, 0)), "change": step["ScalingAdjustment"]}
            for step in ordered
        ],
        "cooldown_seconds": steps["Cooldown"],
    }


def _service(name: str, template: Resolved) -> ServiceShape:
    (container,) = (
        container
        for task in template.of_type("AWS::ECS::TaskDefinition")
        for container in task.properties["ContainerDefinitions"]
    )
    pool = dict(_environment(container)).get("ACCUNODE_DATABASE_POOL_SIZE")
    if pool is None:
        raise RefusedError(f"The stack {name} sets no ACCUNODE_DATABASE_POOL_SIZE.")
    return ServiceShape(scaling_policy(template), int(container["Cpu"]), int(pool))


def _worker_processes(template: Resolved) -> int:
    container = _only(template, "AWS::ECS::TaskDefinition").properties["ContainerDefinitions"][0]
    words = [str(word) for word in [*container.get("EntryPoint", []), *container.get("Command", [])]]
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("--concurrency"):
            return int(word.partition("=")[2] or following)
    raise RefusedError("The worker's command names no --concurrency.")


def _environment(container: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for variable in container.get("Environment", []):
        yield variable["Name"], variable["Value"]


def _instances(compute: Resolved, kind: str) -> Instances:
    group = compute.resources[f"{kind}Group"].properties
    data = compute.resources[f"{kind}LaunchTemplate"].properties["LaunchTemplateData"]
    spot = group.get("MixedInstancesPolicy", {}).get("InstancesDistribution", {})
    all_on_demand = int(spot.get("OnDemandPercentageAboveBaseCapacity", 100)) == 100
    return Instances(
        type=data["InstanceType"],
        minimum=int(group["MinSize"]),
        maximum=int(group["MaxSize"]),
        unlimited=data.get("CreditSpecification", {}).get("CpuCredits", "unlimited") == "unlimited",
        on_demand=None if all_on_demand else int(spot.get("OnDemandBaseCapacity", 0)),
    )


def _timeout(edge: Resolved) -> float:
    balancer = _only(edge, "AWS::ElasticLoadBalancingV2::LoadBalancer").properties
    given = {each["Key"]: each["Value"] for each in balancer.get("LoadBalancerAttributes", [])}
    return float(given.get("idle_timeout.timeout_seconds", 60))


def _only(template: Resolved, kind: str) -> Resource:
    found = template.of_type(kind)
    if len(found) != 1:
        raise RefusedError(f"One {kind} was expected where the template has {len(found)}.")
    return found[0]
