"""What was spent, as Cost Explorer has it: yesterday against the seven days before, by the tag Service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from accunode_infra.aws import Session, explained

DAYS = 7
RISE = Decimal("0.20")
"""The requirements' threshold: a day that costs more than a fifth above the mean of the week before it."""

FLOOR = Decimal("1.00")
"""Dollars: a rise by less is noise, such as a rounded cent that doubles."""


@dataclass(frozen=True)
class Spent:
    """Dollars on a day, and on an average day of the week before."""

    service: str
    day: Decimal
    mean: Decimal

    @property
    def rise(self) -> Decimal | None:
        """How much more that is, as a share; None when nothing was spent before."""
        return (self.day - self.mean) / self.mean if self.mean else None

    @property
    def alarming(self) -> bool:
        """Whether it rose by more than a fifth, and by more than noise."""
        return self.day - self.mean > max(self.mean * RISE, FLOOR)


def spent(session: Session, environment: str, *, today: date) -> tuple[Spent, list[Spent]]:
    """What yesterday cost in all, and by service.

    One question to Cost Explorer costs a cent. Its figures lag by about a day.

    Raises:
        InfraError: Cost Explorer does not answer.
    """
    yesterday = today - timedelta(days=1)
    start = yesterday - timedelta(days=DAYS)
    days: dict[str, dict[date, Decimal]] = {}
    token: dict[str, Any] = {}
    while True:
        with explained():
            answer = session.client("ce", region="us-east-1").get_cost_and_usage(
                TimePeriod={"Start": start.isoformat(), "End": today.isoformat()},
                Granularity="DAILY",
                Metrics=["UnblendedCost"],
                Filter={"Tags": {"Key": "Environment", "Values": [environment]}},
                GroupBy=[{"Type": "TAG", "Key": "Service"}],
                **token,
            )
        for result in answer["ResultsByTime"]:
            day = date.fromisoformat(result["TimePeriod"]["Start"])
            for group in result.get("Groups", []):
                _add(days, group, day)
        if not answer.get("NextPageToken"):
            break
        token = {"NextPageToken": answer["NextPageToken"]}
    services = [_spent(service, found, yesterday) for service, found in sorted(days.items())]
    total = Spent(
        "total",
        sum((each.day for each in services), Decimal(0)),
        sum((each.mean for each in services), Decimal(0)),
    )
    return total, services


def _add(days: dict[str, dict[date, Decimal]], group: Mapping[str, Any], day: date) -> None:
    service = group["Keys"][0].partition("$")[2] or "untagged"
    amount = Decimal(group["Metrics"]["UnblendedCost"]["Amount"])
    days.setdefault(service, {})[day] = days.get(service, {}).get(day, Decimal(0)) + amount


def _spent(service: str, days: Mapping[date, Decimal], yesterday: date) -> Spent:
    before = sum((amount for day, amount in days.items() if day != yesterday), Decimal(0))
    return Spent(service, days.get(yesterday, Decimal(0)), before / DAYS)
