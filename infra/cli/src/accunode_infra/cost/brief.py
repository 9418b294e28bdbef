"""The requirements' own tables, their wrong sums included, beside what we reckon."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from accunode_infra.cost.model import Category, Month
from accunode_infra.cost.prices import decimal, read_data


@dataclass(frozen=True)
class Table:
    """A cost table of the requirements: dollars a month by line.

    Attributes:
        total: What it says it comes to.
        heading: What its heading says, where that differs.
    """

    total: Decimal
    lines: Mapping[str, Decimal]
    heading: Decimal | None = None

    @property
    def summed(self) -> Decimal:
        """What its lines come to."""
        return sum(self.lines.values(), Decimal(0))


@dataclass(frozen=True)
class Brief:
    """What the requirements say of cost.

    Attributes:
        levels: By tier, the tables that name data out and images.
        phases: By tier, those that leave them under "misc".
        names: What to call each category.
        why: Why a line of ours differs from the requirements'.
        years: Of each year, from and to; None is open.
    """

    levels: Mapping[str, Table]
    phases: Mapping[str, Table]
    names: Mapping[Category, str]
    why: Mapping[Category, str]
    years: Mapping[int, tuple[Decimal, Decimal | None]]
    multi_az: Decimal
    cap: Decimal


@dataclass(frozen=True)
class Compared:
    """A line of the requirements beside ours: dollars a month; None where they have no such line."""

    category: Category
    name: str
    brief: Decimal | None
    ours: Decimal
    why: str

    @property
    def differs(self) -> Decimal:
        """Dollars that ours is more."""
        return self.ours - (self.brief or Decimal(0))


@cache
def brief() -> Brief:
    """The requirements' tables, as the package has them."""
    data = read_data("brief.yaml")
    return Brief(
        levels={tier: _table(entry) for tier, entry in data["levels"].items()},
        phases={tier: _table(entry) for tier, entry in data["phases"].items()},
        names={Category(name): text for name, text in data["categories"].items()},
        why={Category(name): text for name, text in data["why"].items()},
        years={
            year: (decimal(low), None if high is None else decimal(high)) for year, (low, high) in data["years"].items()
        },
        multi_az=decimal(data["multi_az"]),
        cap=decimal(data["cap"]),
    )


def _table(entry: Mapping[str, object]) -> Table:
    lines = entry["lines"]
    if not isinstance(lines, Mapping):
        raise TypeError("a table of the requirements has lines")
    heading = entry.get("heading")
    return Table(
        total=decimal(entry["total"]),
        lines={str(name): decimal(amount) for name, amount in lines.items()},
        heading=None if heading is None else decimal(heading),
    )


def compared(found: Month, tier: str) -> list[Compared]:
    """Each line of the requirements' level table beside ours, and the lines that they lack."""
    said = brief()
    table = said.levels[tier].lines
    return [
        Compared(category, said.names[category], table.get(category), ours, said.why[category])
        for category, ours in found.by_category().items()
        if category in table or ours
    ]
