"""The alarms that speak for a service: those of its own stack, of the load balancer, and of its log."""

from typing import Any

from accunode_infra.errors import RefusedError
from accunode_infra.release.site import Site, pages
from accunode_infra.release.stack import Stack

BESIDE = ("edge",)
"""Stacks whose alarms speak for every service."""


def environment_alarms(site: Site) -> list[dict[str, Any]]:
    """The environment's alarms, by name."""
    found = pages(site.client("cloudwatch"), "describe_alarms", "MetricAlarms", AlarmNamePrefix=site.stack_name(""))
    return sorted(found, key=lambda each: str(each["AlarmName"]))


def speaking_for(site: Site, service: str, stack: str) -> list[str]:
    """The names of the alarms that are watched while a service is released."""
    names: list[str] = []
    for each in (stack, *BESIDE):
        names += Stack(site, each).resources("AWS::CloudWatch::Alarm").values()
    logged = Stack(site, "observability").resources("AWS::CloudWatch::Alarm").values()
    return sorted({*names, *(name for name in logged if service in name)})


def firing(site: Site, names: list[str]) -> dict[str, str]:
    """Which of them fire, and why. An alarm that scales is no alarm about health: half of those fire all the time."""
    found: dict[str, str] = {}
    for first in range(0, len(names), 100):
        listed = pages(
            site.client("cloudwatch"),
            "describe_alarms",
            "MetricAlarms",
            AlarmNames=names[first : first + 100],
        )
        fires = (each for each in listed if each["StateValue"] == "ALARM" and not scales(each))
        found |= {each["AlarmName"]: each.get("StateReason", "") for each in fires}
    return found


def scales(alarm: dict[str, Any]) -> bool:
    """Whether an alarm moves an autoscaler."""
    return any(":scalingPolicy:" in action for action in alarm.get("AlarmActions", []))


def refuse_firing(firing_now: dict[str, str], service: str) -> None:
    """Refuse to release into trouble: what the release does to the alarms could not be seen.

    Raises:
        RefusedError: An alarm that speaks for the service fires already.
    """
    if firing_now:
        names = ", ".join(sorted(firing_now))
        raise RefusedError(
            f"{len(firing_now)} of the alarms about {service} fire before the release: {names}. Mend that first, or "
            "give --despite-alarms if this release is what mends it."
        )
