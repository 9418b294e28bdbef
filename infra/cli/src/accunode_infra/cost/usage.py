"""What a tier uses of what is billed by use: assumptions, each with its reason, in one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from accunode_infra.cost.prices import decimal, read_data
from accunode_infra.errors import RefusedError

PUBLISHED = ("emf", "emf-essential")
"""What services may print of their own metrics, as `Metrics` of the templates says: everything, or the essential."""


@dataclass(frozen=True)
class Assumption:
    """A quantity that no template tells."""

    name: str
    unit: str
    why: str
    by_tier: Mapping[str, Decimal]


@dataclass(frozen=True)
class Usage:
    """The assumptions of one tier.

    Attributes:
        shares: The share of all log lines that goes to a log group.
        series: By what the templates' `Metrics` says, how many series each metric that services print has.
    """

    tier: str
    assumptions: Mapping[str, Assumption]
    shares: Mapping[str, Decimal]
    series: Mapping[str, Mapping[str, int]]

    def __getitem__(self, name: str) -> Decimal:
        return self.assumptions[name].by_tier[self.tier]

    def share(self, log_group: str) -> Decimal:
        """The share of all log lines that goes to a log group, by the last part of its name.

        Raises:
            RefusedError: The file does not say.
        """
        name = log_group.rstrip("/").rpartition("/")[2]
        try:
            return self.shares[name]
        except KeyError:
            raise RefusedError(f"cost/usage.yaml does not say how much is logged to {log_group}: add {name}.") from None


@cache
def usage(tier: str) -> Usage:
    """The assumptions for a tier.

    Raises:
        RefusedError: There is no such tier.
    """
    data = read_data("usage.yaml")
    found = {name: _assumption(name, entry) for name, entry in data["assumptions"].items()}
    if any(tier not in assumption.by_tier for assumption in found.values()):
        raise RefusedError(f"cost/usage.yaml has no tier {tier}: take startup, growth or scale.")
    return Usage(
        tier=tier,
        assumptions=found,
        shares={name: decimal(share) for name, share in data["logs"].items()},
        series={
            choice: {name: int(entry[choice]) for name, entry in data["metrics"].items() if entry[choice]}
            for choice in PUBLISHED
        },
    )


def _assumption(name: str, entry: Mapping[str, Any]) -> Assumption:
    tiers = ("startup", "growth", "scale")
    return Assumption(
        name=name,
        unit=entry["unit"],
        why=entry["why"],
        by_tier={tier: decimal(entry.get(tier, entry.get("all"))) for tier in tiers},
    )
