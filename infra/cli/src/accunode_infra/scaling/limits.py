"""The limits of a service's copies, as the policy, the template and the stack have them; and the policy's advice."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from accunode_common.scaling import Decision, FleetPolicy, decide, shipped_policy
from accunode_infra.errors import RefusedError
from accunode_infra.release.copies import EcsService
from accunode_infra.release.services import Deployable
from accunode_infra.release.site import Site
from accunode_infra.release.slots import Slot, Slots, counts
from accunode_infra.release.stack import Stack
from accunode_infra.stacks import stack as known_stack
from accunode_infra.templates import load

MINUTES = 30


@dataclass(frozen=True)
class Limits:
    """A smallest and a largest number of copies."""

    minimum: int
    maximum: int

    def __str__(self) -> str:
        return f"{self.minimum} to {self.maximum}"


@dataclass(frozen=True)
class Scale:
    """A service's copies.

    Attributes:
        service: The service.
        policy: The limits of the policy file.
        template: Those that the template has by default.
        standing: Those of the stack.
        wanted: The copies that ECS is to run now.
    """

    service: str
    policy: Limits
    template: Limits
    standing: Limits
    wanted: int

    @property
    def differences(self) -> list[str]:
        """Where the three do not say the same."""
        return [
            f"{name} has {limits}, the policy {self.policy}"
            for name, limits in (("the template", self.template), ("the stack", self.standing))
            if limits != self.policy
        ]

    def as_document(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self) | {"differences": self.differences}


def fleet(service: Deployable) -> FleetPolicy:
    """The part of the policy that a service falls under.

    Raises:
        RefusedError: It does not scale.
    """
    if service.name == "relay":
        raise RefusedError("The relay does not scale: one copy holds the lease, and a second would only wait.")
    policy = shipped_policy()
    return policy.api if service.slotted else policy.workers


def read(site: Site, service: Deployable) -> Scale:
    """A service's limits and copies.

    Raises:
        RefusedError: Its stack is not deployed, or it does not scale.
    """
    policy = fleet(service)
    parameters = Stack(site, service.stack).ready().parameters
    defaults = load(known_stack(service.stack).template)["Parameters"]
    return Scale(
        service.name,
        Limits(policy.minimum, policy.maximum),
        Limits(int(defaults["MinCount"]["Default"]), int(defaults["MaxCount"]["Default"])),
        Limits(int(parameters["MinCount"]), int(parameters["MaxCount"])),
        _live(site, service),
    )


def change(site: Site, service: Deployable, *, minimum: int | None, maximum: int | None, desired: int | None) -> Scale:
    """Set a service's limits or its present number of copies, within the policy's limits.

    Raises:
        RefusedError: It would leave the policy's limits, or the numbers contradict each other.
    """
    now = read(site, service)
    low = now.standing.minimum if minimum is None else minimum
    high = now.standing.maximum if maximum is None else maximum
    wanted = min(max(now.wanted, low), high) if desired is None else desired
    policy = now.policy
    if not policy.minimum <= low <= high <= policy.maximum:
        raise RefusedError(
            f"{service.name} may have {policy} copies by the policy, and {low} to {high} were asked for: stay within, "
            "or change the policy file, which the templates follow."
        )
    if not low <= wanted <= high:
        raise RefusedError(f"{wanted} copies of {service.name} are outside of {low} to {high}.")
    limits = {"MinCount": str(low), "MaxCount": str(high)}
    Stack(site, service.stack).change(limits | _counts(site, service, wanted))
    return read(site, service)


def _slots(site: Site, service: Deployable) -> Slots:
    stack = Stack(site, service.stack)
    live = {
        slot: _wanted(site, arn)
        for slot in Slot
        for name, arn in stack.resources("AWS::ECS::Service").items()
        if slot.value in name.lower()
    }
    return Slots.read(stack.ready().parameters, live)


def _counts(site: Site, service: Deployable, wanted: int) -> dict[str, str]:
    if not service.slotted:
        return {"DesiredCount": str(wanted)}
    slots = _slots(site, service)
    return counts(slots) | {slots.serving.parameter("Count"): str(wanted)}


def _live(site: Site, service: Deployable) -> int:
    if service.slotted:
        slots = _slots(site, service)
        return slots[slots.serving].count
    return sum(_wanted(site, arn) for arn in Stack(site, service.stack).resources("AWS::ECS::Service").values())


def _wanted(site: Site, arn: str) -> int:
    return EcsService(site, arn, site.clock.now()).wanted()


def advice(site: Site, service: Deployable, scale: Scale) -> Decision:
    """What the policy decides on the last half hour's metric."""
    return decide(fleet(service), _values(site, service), scale.wanted)


def _values(site: Site, service: Deployable) -> Sequence[float | None]:
    policy = fleet(service)
    end = site.clock.now().replace(second=0, microsecond=0)
    minutes = [end - timedelta(minutes=number) for number in range(MINUTES, 0, -1)]
    if service.slotted:
        slots = _slots(site, service)
        arns = Stack(site, service.stack).resources("AWS::ECS::Service")
        arn = next(arn for name, arn in arns.items() if slots.serving.value in name.lower())
        cluster, name = arn.split("/")[-2:]
        namespace, dimensions = "AWS/ECS", {"ClusterName": cluster, "ServiceName": name}
    else:
        namespace, dimensions = "AccuNode", {"Environment": site.name}
    found = site.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=policy.metric,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=minutes[0],
        EndTime=end,
        Period=60,
        Statistics=[policy.statistic],
    )
    by_minute = {each["Timestamp"]: each[policy.statistic] for each in found["Datapoints"]}
    return [by_minute.get(minute) for minute in minutes]
