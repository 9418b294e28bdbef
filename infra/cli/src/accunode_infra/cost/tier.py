"""The resources of a whole tier, resolved from its templates and parameter file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from accunode_infra.cost.model import Fleet, Month, Resource
from accunode_infra.cost.month import month
from accunode_infra.resolve import Resolved, resolve
from accunode_infra.stacks import STACKS, Stack, parameters
from accunode_infra.templates import CLOUDFORMATION, load

ENVIRONMENT = "production"

_IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/accunode/example@sha256:" + 64 * "0"
RUNNING: Mapping[str, str] = {
    "BlueImage": _IMAGE,
    "Image": _IMAGE,
    "CertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000",
    "DomainName": "api.example.com",
    "AlertEmail": "alerts@example.com",
}
"""Parameters that a running product has and no tier file holds: one slot of each service is up, under a domain."""


@dataclass(frozen=True)
class Choices:
    """What may be chosen beside tier and variant; None leaves the tier's own value.

    Attributes:
        egress: The private subnets' way out: nat-instance, nat-gateway, nat-gateway-per-az or endpoints.
        multi_az: Whether the database has a standby in a second zone.
        replica: Whether the cache has a replica.
        spot: Whether workers above the group's minimum are Spot instances.
    """

    egress: str | None = None
    multi_az: bool | None = None
    replica: bool | None = None
    spot: bool | None = None

    def overrides(self) -> dict[str, dict[str, Any]]:
        """Parameters by template."""
        chosen: dict[str, dict[str, Any]] = {}
        if self.egress is not None:
            chosen["network"] = {"Egress": self.egress}
        if self.multi_az is not None:
            chosen["data"] = {"MultiAz": _text(self.multi_az)}
        if self.replica is not None:
            chosen["cache"] = {"Nodes": 1 + int(self.replica)}
        if self.spot is not None:
            chosen["compute"] = {"SpotWorkers": _text(self.spot)}
        return chosen


def _text(value: bool) -> str:
    return "true" if value else "false"


def resources_of(stack: str, resolved: Resolved) -> Iterator[Resource]:
    """The resources of a resolved stack, as they are priced."""
    for found in resolved.resources.values():
        yield Resource(stack, found.name, found.type, found.properties)


def tier_resources(
    tier: str, variant: str, choices: Choices | None = None, *, root: Path = CLOUDFORMATION
) -> list[Resource]:
    """Every resource of every stack of a tier.

    Raises:
        RefusedError: A template or the tier's parameter file is not there, or they do not fit.
    """
    overrides = (choices or Choices()).overrides()
    return [
        resource
        for stack in STACKS
        for resource in resources_of(
            stack.name, _resolved(stack, tier, variant, overrides.get(stack.template, {}), root)
        )
    ]


def _resolved(stack: Stack, tier: str, variant: str, chosen: Mapping[str, Any], root: Path) -> Resolved:
    template = load(stack.template, root=root)
    declared = template.get("Parameters", {})
    running = {name: value for name, value in RUNNING.items() if name in declared}
    given = parameters(stack, environment=ENVIRONMENT, tier=tier, variant=variant, overrides=chosen, root=root)
    return resolve(template, {**running, **given})


def tier_month(
    tier: str,
    variant: str,
    choices: Choices | None = None,
    *,
    fleet: Fleet = Fleet.EXPECTED,
    spot_discount: Decimal | None = None,
    reserved: bool = False,
    root: Path = CLOUDFORMATION,
) -> Month:
    """A month of a whole tier, in dollars; see `month`."""
    found = tier_resources(tier, variant, choices, root=root)
    return month(found, tier=tier, fleet=fleet, spot_discount=spot_discount, reserved=reserved)
