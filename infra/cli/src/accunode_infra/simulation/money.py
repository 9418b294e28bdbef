"""What a day costs: hours of instances and CPU credits, at the prices of `accunode_infra.cost`."""

from collections.abc import Iterable
from dataclasses import dataclass

from accunode_infra.cost.prices import prices
from accunode_infra.simulation.copies import ApiFleet
from accunode_infra.simulation.credits import MINUTES_PER_HOUR, Credits
from accunode_infra.simulation.day import DAY, HOUR
from accunode_infra.simulation.shape import Instances, Shape
from accunode_infra.simulation.workers import Workers

DAYS_PER_MONTH = 365 / 12


@dataclass(frozen=True)
class Money:
    """What a day costs, in dollars where not said otherwise. Instances and their credits only: no disks, no traffic.

    Attributes:
        api_hours: Instance-hours of the API.
        worker_hours: Instance-hours of the workers.
        credits: Surplus CPU credits that are charged, in vCPU-hours; those owed at midnight among them.
        instances: Dollars for the instances.
        surplus: Dollars for credits of instances.
        database_surplus: Dollars for credits of the database.
    """

    api_hours: float
    worker_hours: float
    credits: float
    instances: float
    surplus: float
    database_surplus: float

    @property
    def day(self) -> float:
        """All of it."""
        return self.instances + self.surplus + self.database_surplus

    @property
    def month(self) -> float:
        """A month of such days."""
        return self.day * DAYS_PER_MONTH


def reckon(shape: Shape, fleet: ApiFleet, workers: Workers, database: Credits, end: float = DAY) -> Money:
    """The day's costs; the accounts of what still stands are closed."""
    api = [(node.launched, node.ended) for node in fleet.nodes]
    working = [(worker.launched, worker.ended) for worker in workers.instances]
    every = [*(node.credits for node in fleet.nodes), *(worker.credits for worker in workers.instances)]
    for account in (*every, database):
        account.end()
    charged = sum(account.charged for account in every) / MINUTES_PER_HOUR
    family = shape.api_instances.type.partition(".")[0]
    return Money(
        api_hours=_hours(api, end),
        worker_hours=_hours(working, end),
        credits=charged,
        instances=_dollars(shape.api_instances, api, end) + _dollars(shape.worker_instances, working, end),
        surplus=charged * float(prices()[f"ec2.credits.{family}"].amount),
        database_surplus=database.charged / MINUTES_PER_HOUR * float(prices()["rds.credits"].amount),
    )


def _hours(stands: Iterable[tuple[float, float | None]], end: float) -> float:
    return sum((end if ended is None else ended) - launched for launched, ended in stands) / HOUR


def _dollars(instances: Instances, stands: list[tuple[float, float | None]], end: float) -> float:
    hourly = float(prices()[f"ec2.{instances.type}"].amount)
    if instances.on_demand is None:
        return _hours(stands, end) * hourly
    # Those that stand from the begin are the group's base; the rest is Spot.
    base, spot = stands[: instances.on_demand], stands[instances.on_demand :]
    return (_hours(base, end) + _hours(spot, end) * (1 - float(prices().spot_discount))) * hourly
