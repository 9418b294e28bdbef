"""What else a month could cost: surplus credits, the largest fleet, and what may be chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from accunode_infra.cost.model import Category, Fleet, Month
from accunode_infra.cost.prices import prices
from accunode_infra.cost.tier import Choices, tier_month
from accunode_infra.templates import CLOUDFORMATION

LOADS = (Decimal("0.5"), Decimal("0.6"), Decimal("0.7"))
"""Average CPU use, between the thresholds at which the API's fleet shrinks and grows."""

EGRESS = ("nat-instance", "nat-gateway", "nat-gateway-per-az", "endpoints")


@dataclass(frozen=True)
class Option:
    """Something that may be chosen, and what a month is with it, in dollars."""

    name: str
    total: Decimal
    more: Decimal


def surplus(found: Month, load: Decimal) -> Decimal:
    """What CPU surplus credits add to a month whose API and worker nodes run at that average load, in dollars.

    A burstable node in unlimited mode pays for each vCPU-hour above its baseline:
    vCPUs x (load - baseline) x hours x price.
    """
    listed = prices()
    added = Decimal(0)
    for line in found.lines:
        kind = line.price.meter.removeprefix("ec2.")
        nodes = line.category in {Category.API, Category.WORKERS}
        if nodes and line.quantity > 0 and kind in listed.burstable:
            facts = listed.burstable[kind]
            above = max(load - facts.baseline, Decimal(0))
            price = listed[f"ec2.credits.{kind.partition('.')[0]}"]
            added += facts.vcpus * above * line.quantity * price.amount
    return added


def fleets(tier: str, variant: str, choices: Choices, *, root: Path = CLOUDFORMATION) -> Mapping[Fleet, Month]:
    """A month with the smallest, the expected and the largest fleet running all of it."""
    return {fleet: tier_month(tier, variant, choices, fleet=fleet, root=root) for fleet in Fleet}


def options(
    tier: str,
    variant: str,
    choices: Choices,
    *,
    spot_discount: Decimal | None = None,
    root: Path = CLOUDFORMATION,
) -> list[Option]:
    """What each other choice makes of the month."""
    base = tier_month(tier, variant, choices, spot_discount=spot_discount, root=root)

    def option(name: str, other: Month) -> Option:
        return Option(name, other.total, other.total - base.total)

    def with_(**changed: str | bool) -> Month:
        merged = Choices(**{**vars(choices), **changed})
        return tier_month(tier, variant, merged, spot_discount=spot_discount, root=root)

    other = "economy" if variant == "brief" else "brief"
    found = [option(f"variant {other}", tier_month(tier, other, choices, spot_discount=spot_discount, root=root))]
    found += [option(f"egress {way}", with_(egress=way)) for way in EGRESS]
    found += [
        option("a standby of the database in a second zone", with_(multi_az=True)),
        option("a replica of the cache", with_(replica=True)),
        option("Spot workers above the minimum", with_(spot=True)),
        option("what never stops, reserved for a year", tier_month(tier, variant, choices, reserved=True, root=root)),
    ]
    return [each for each in found if each.more]
