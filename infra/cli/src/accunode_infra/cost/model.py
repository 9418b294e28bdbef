"""What a month costs: resources in, lines out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from accunode_infra.cost.prices import Price, Prices
from accunode_infra.cost.usage import Usage


class Category(StrEnum):
    """The lines of the requirements' tables, and those that they leave out."""

    API = "api"
    WORKERS = "workers"
    DATABASE = "database"
    CACHE = "cache"
    BALANCER = "balancer"
    MONITORING = "monitoring"
    OUT = "out"
    REGISTRY = "registry"
    DISKS = "disks"
    EGRESS = "egress"
    ZONES = "zones"
    STORAGE = "storage"
    OTHER = "other"


class Fleet(StrEnum):
    """How many nodes run: the groups' minima, what `usage.yaml` expects, or the maxima."""

    FLOOR = "floor"
    EXPECTED = "expected"
    CEILING = "ceiling"


@dataclass(frozen=True)
class Resource:
    """A resource of a resolved template.

    Attributes:
        stack: The stack's name within the environment, such as `data`.
        name: Its logical id.
        properties: As the template has them once its conditions are decided; references may be left symbolic.
    """

    stack: str
    name: str
    type: str
    properties: Mapping[str, Any]

    @property
    def tagged(self) -> str | None:
        """Its tag `Service`, by which AWS allocates its cost."""
        return next((str(tag["Value"]) for tag in _tags(self.properties) if tag.get("Key") == "Service"), None)

    @property
    def service(self) -> str:
        """Its tag `Service`; without one, the stack's name."""
        return self.tagged or self.stack


def _tags(properties: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    tags = properties.get("Tags") or properties.get("BackupVaultTags") or properties.get("HostedZoneTags") or []
    if isinstance(tags, Mapping):
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    return [tag for tag in tags if isinstance(tag, Mapping)]


@dataclass(frozen=True)
class Use:
    """So many units of a meter in a month.

    Attributes:
        steady: How many of them are used in every month, so that they can be reserved.
        discount: What Spot takes off, as a share.
    """

    meter: str
    quantity: Decimal
    what: str
    category: Category
    steady: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)


@dataclass(frozen=True)
class Line:
    """A line of the bill: dollars a month."""

    stack: str
    resource: str
    service: str
    category: Category
    what: str
    quantity: Decimal
    price: Price
    discount: Decimal = Decimal(0)

    @property
    def amount(self) -> Decimal:
        """Dollars."""
        return self.quantity * self.price.amount * (1 - self.discount)


@dataclass(frozen=True)
class Context:
    """What a pricer may look at beside its resource.

    Attributes:
        resources: All of the tier, by stack and logical id.
    """

    resources: Mapping[tuple[str, str], Resource]
    usage: Usage
    prices: Prices
    fleet: Fleet
    spot_discount: Decimal

    @property
    def hours(self) -> Decimal:
        """The hours of a month."""
        return Decimal(self.prices.hours)

    def referred(self, resource: Resource, value: object) -> Resource | None:
        """The resource that a `Ref` or `Fn::GetAtt` within the same stack names."""
        if not isinstance(value, Mapping):
            return None
        name = value.get("Ref") or next(iter(value.get("Fn::GetAtt", [])), None)
        return self.resources.get((resource.stack, str(name)))

    def of_type(self, kind: str) -> list[Resource]:
        """Every resource of that type."""
        return [found for found in self.resources.values() if found.type == kind]


Pricer = Callable[[Resource, Context], Iterable[Use]]


@dataclass(frozen=True)
class Month:
    """What a month of some stacks costs. Lines with a negative quantity are what is free each month."""

    lines: Sequence[Line] = field(default_factory=tuple)

    @property
    def total(self) -> Decimal:
        """Dollars."""
        return sum((line.amount for line in self.lines), Decimal(0))

    def by(self, key: Callable[[Line], str]) -> dict[str, Decimal]:
        """Dollars by what `key` says of a line, the largest first."""
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            sums[key(line)] = sums.get(key(line), Decimal(0)) + line.amount
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    def by_category(self) -> dict[Category, Decimal]:
        """Dollars by line of the requirements' tables, in their order; every category is there."""
        sums = self.by(lambda line: line.category)
        return {category: sums.get(category, Decimal(0)) for category in Category}

    def by_service(self) -> dict[str, Decimal]:
        """Dollars by the tag `Service`, the largest first."""
        return self.by(lambda line: line.service)

    def quantity(self, meter: str) -> Decimal:
        """Units of a meter, after what is free."""
        return sum((line.quantity for line in self.lines if line.price.meter == meter), Decimal(0))

    def merged(self) -> list[Line]:
        """The lines with those of the same kind added up, by category."""
        found: dict[tuple[str, str, str, Decimal], Line] = {}
        for line in self.lines:
            key = (line.category, line.what, line.price.meter, line.discount)
            one = found.get(key)
            found[key] = line if one is None else replace(one, quantity=one.quantity + line.quantity)
        order = list(Category)
        return sorted(found.values(), key=lambda line: (order.index(line.category), line.quantity < 0))


@dataclass(frozen=True)
class Change:
    """How the cost of one kind of line changes, in dollars a month."""

    category: Category
    what: str
    before: Decimal
    after: Decimal

    @property
    def amount(self) -> Decimal:
        """Dollars more, or fewer when negative."""
        return self.after - self.before


@dataclass(frozen=True)
class Difference:
    """How a month's cost changes: what becomes dearer or cheaper, and in all."""

    changes: Sequence[Change]
    before: Decimal
    after: Decimal

    @property
    def amount(self) -> Decimal:
        """Dollars a month more, or fewer when negative."""
        return self.after - self.before

    @property
    def by_category(self) -> dict[Category, Decimal]:
        """Dollars more by line of the requirements' tables; those that stay are left out."""
        sums: dict[Category, Decimal] = {}
        for change in self.changes:
            sums[change.category] = sums.get(change.category, Decimal(0)) + change.amount
        return {category: amount for category, amount in sums.items() if amount}


def difference(before: Month, after: Month) -> Difference:
    """What a change makes of a month's cost, line by line; lines that stay as they are are left out."""
    sums: dict[tuple[Category, str], list[Decimal]] = {}
    for side, month in enumerate((before, after)):
        for line in month.lines:
            sums.setdefault((line.category, line.what), [Decimal(0), Decimal(0)])[side] += line.amount
    changes = [Change(*kind, *amounts) for kind, amounts in sums.items() if amounts[0] != amounts[1]]
    order = list(Category)
    changes.sort(key=lambda change: (order.index(change.category), change.what))
    return Difference(tuple(changes), before.total, after.total)
