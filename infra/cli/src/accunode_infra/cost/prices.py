"""The dated price file: what a unit costs, who says so, and how far it can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from accunode_infra.errors import RefusedError

Mark = Literal["verified", "found", "memory"]


@dataclass(frozen=True)
class Price:
    """What one unit of a meter costs, in dollars, and how many units a month are free."""

    meter: str
    amount: Decimal
    unit: str
    free: Decimal
    mark: Mark
    source: str


@dataclass(frozen=True)
class Burstable:
    """vCPUs of an instance type, and the share of each that it may use for ever without surplus credits."""

    vcpus: int
    baseline: Decimal


@dataclass(frozen=True)
class Reservation:
    """What a commitment takes off the meters that begin with `prefix`, as a share of the on-demand price."""

    prefix: str
    one_year: Decimal
    three_years: Decimal | None


@dataclass(frozen=True)
class Prices:
    """Unit prices of one region on one day."""

    region: str
    as_of: date
    hours: int
    meters: Mapping[str, Price]
    burstable: Mapping[str, Burstable]
    reserved: tuple[Reservation, ...]
    spot_discount: Decimal

    def __getitem__(self, meter: str) -> Price:
        """The price of a meter.

        Raises:
            RefusedError: The file does not have it.
        """
        try:
            return self.meters[meter]
        except KeyError:
            raise RefusedError(
                f"cost/prices.yaml has no price of {meter}: add it, with its source, or choose what it has."
            ) from None

    def reservation(self, meter: str) -> Reservation | None:
        """The commitment that covers a meter, if one does."""
        return next((found for found in self.reserved if meter.startswith(found.prefix)), None)


def read_data(name: str) -> Any:
    """A YAML file of this package."""
    return yaml.safe_load(files("accunode_infra.cost").joinpath(name).read_text(encoding="utf-8"))


@cache
def prices() -> Prices:
    """The price file that ships with the CLI."""
    data = read_data("prices.yaml")
    sources = data["sources"]
    return Prices(
        region=data["region"],
        as_of=data["as_of"],
        hours=data["hours"],
        meters={
            meter: Price(
                meter=meter,
                amount=decimal(entry["price"]),
                unit=entry["unit"],
                free=decimal(entry.get("free", 0)),
                mark=entry["mark"],
                source=sources[entry["source"]],
            )
            for meter, entry in data["meters"].items()
        },
        burstable={
            name: Burstable(vcpus=entry["vcpus"], baseline=decimal(entry["baseline"]))
            for name, entry in data["burstable"].items()
        },
        reserved=tuple(
            Reservation(
                prefix=prefix,
                one_year=decimal(entry["one_year"]),
                three_years=decimal(entry["three_years"]) if "three_years" in entry else None,
            )
            for prefix, entry in data["reserved"].items()
        ),
        spot_discount=decimal(data["spot"]["discount"]),
    )


def decimal(value: object) -> Decimal:
    """A number of a YAML file or a template as it is written, without what binary floats add."""
    return Decimal(str(value))
