"""The month in words and tables: the same for the terminal, for JSON and for the guide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from accunode_infra.cost.advice import LOADS, Option, fleets, options, surplus
from accunode_infra.cost.brief import Compared, brief, compared
from accunode_infra.cost.model import Fleet, Line, Month
from accunode_infra.cost.prices import prices
from accunode_infra.cost.tier import Choices, tier_month
from accunode_infra.templates import CLOUDFORMATION


@dataclass(frozen=True)
class Section:
    """A table with what is to be said under it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Report:
    """Everything that `cost` says of a tier."""

    tier: str
    variant: str
    chosen: Month
    fleets: Mapping[Fleet, Month]
    options: Sequence[Option]

    @property
    def sections(self) -> list[Section]:
        """The tables, in the order in which they are read."""
        return [
            lines_section(self.chosen, f"A month of {self.tier}, {self.variant}"),
            brief_section(self.chosen, self.tier),
            fleets_section(self.fleets, self.chosen),
            services_section(self.chosen),
            options_section(self.options),
        ]

    def as_json(self) -> dict[str, Any]:
        """The document that `--json` prints; amounts are dollars a month."""
        listed = prices()
        return {
            "tier": self.tier,
            "variant": self.variant,
            "region": listed.region,
            "prices_of": listed.as_of,
            "total": _cents(self.chosen.total),
            "year": _cents(self.chosen.total * 12),
            "lines": [_line_json(line) for line in self.chosen.merged()],
            "categories": {category: _cents(amount) for category, amount in self.chosen.by_category().items()},
            "services": {service: _cents(amount) for service, amount in self.chosen.by_service().items()},
            "brief": [_compared_json(line) for line in compared(self.chosen, self.tier)],
            "brief_total": brief().levels[self.tier].total,
            "fleets": {fleet: _cents(found.total) for fleet, found in self.fleets.items()},
            "surplus_credits": {f"{load:.0%}": _cents(surplus(self.chosen, load)) for load in LOADS},
            "options": [
                {"name": each.name, "total": _cents(each.total), "more": _cents(each.more)} for each in self.options
            ],
        }


def report(
    tier: str,
    variant: str,
    choices: Choices,
    *,
    spot_discount: Decimal | None = None,
    reserved: bool = False,
    root: Path = CLOUDFORMATION,
) -> Report:
    """Reckon a tier with what is chosen, and with what might be."""
    return Report(
        tier=tier,
        variant=variant,
        chosen=tier_month(tier, variant, choices, spot_discount=spot_discount, reserved=reserved, root=root),
        fleets=fleets(tier, variant, choices, root=root),
        options=options(tier, variant, choices, spot_discount=spot_discount, root=root),
    )


def lines_section(found: Month, title: str) -> Section:
    """The month line by line."""
    names = brief().names
    rows = [
        [
            names[line.category],
            line.what,
            quantity(line.quantity),
            line.price.unit,
            f"${(line.price.amount * (1 - line.discount)).normalize():f}",
            money(line.amount),
        ]
        for line in found.merged()
        if found.quantity(line.price.meter)
    ]
    rows.append(["total", "", "", "", "", money(found.total)])
    free = {line.what for line in found.lines if line.quantity > 0 and not found.quantity(line.price.meter)}
    notes = [*_trust(found), *([f"Used, and free at this rate: {', '.join(sorted(free))}."] if free else [])]
    return Section(title, ["line", "what", "units", "unit", "price", "$ a month"], rows, notes)


def _trust(found: Month) -> list[str]:
    listed = prices()
    by_mark: dict[str, Decimal] = {}
    for line in found.lines:
        by_mark[line.price.mark] = by_mark.get(line.price.mark, Decimal(0)) + line.amount
    parts = ", ".join(f"{money(by_mark.get(mark, Decimal(0)))} {mark}" for mark in ("verified", "found", "memory"))
    return [
        f"Prices of {listed.region}, {listed.as_of}, on demand, before tax; a month has {listed.hours} hours.",
        f"Of the total, by how far its prices can be trusted: {parts}.",
    ]


def brief_section(found: Month, tier: str) -> Section:
    """The requirements' table beside ours, and why a line differs."""
    said = brief()
    table, first = said.levels[tier], said.phases[tier]
    rows = [
        [line.name, "-" if line.brief is None else money(line.brief), money(line.ours), signed(line.differs), line.why]
        for line in compared(found, tier)
    ]
    rows.append(["total", money(table.total), money(found.total), signed(found.total - table.total), ""])
    notes = []
    if table.heading is not None:
        notes.append(
            f"The requirements' heading over this table says ${table.heading}; "
            f"the table's lines add to ${table.summed}."
        )
    wrong = "" if first.summed == first.total else f", though its lines add to ${first.summed}"
    notes.append(f"Its other table, without data out and images, says ${first.total}{wrong}.")
    return Section("Beside the requirements", ["line", "required", "here", "differs", "why"], rows, notes)


def fleets_section(found: Mapping[Fleet, Month], chosen: Month) -> Section:
    """The smallest and the largest fleet, and what surplus credits add to each."""
    rows = [
        [
            f"{fleet} fleet",
            money(each.total),
            money(each.total * 12),
            *(signed(surplus(each, load)) for load in LOADS),
        ]
        for fleet, each in found.items()
    ]
    columns = ["", "$ a month", "$ a year", *(f"CPU at {load:.0%}" for load in LOADS)]
    said = brief()
    years = "; ".join(_year(year, low, high) for year, (low, high) in said.years.items())
    nodes = sum((line.amount for line in found[Fleet.CEILING].lines if line.category in {"api", "workers"}), Decimal(0))
    return Section(
        "Fleets and years",
        columns,
        rows,
        [
            "The right-hand columns are what CPU surplus credits add when every node runs at that load all month.",
            f"The required cap of ${said.cap} is for the hours of the largest fleet, which come to ${money(nodes)}.",
            f"The requirements' years: {years}; as chosen, here: ${money(chosen.total * 12)}.",
        ],
    )


def _year(year: int, low: Decimal, high: Decimal | None) -> str:
    return f"year {year} ${low:,}{'+' if high is None else f' to ${high:,}'}"


def services_section(found: Month) -> Section:
    """The month by the tag `Service`, as Cost Explorer shows it once the tag is activated."""
    rows = [[service, money(amount)] for service, amount in found.by_service().items()]
    return Section(
        "By the tag Service",
        ["service", "$ a month"],
        rows,
        ["Nodes carry the tag of their fleet: what a single API service costs of them is not billed apart."],
    )


def options_section(found: Iterable[Option]) -> Section:
    """What each other choice makes of the month."""
    rows = [[each.name, signed(each.more), money(each.total)] for each in found]
    return Section("What else could be chosen", ["with", "differs", "$ a month"], rows)


def money(amount: Decimal) -> str:
    """Dollars and cents."""
    return f"{_cents(amount):,.2f}"


def signed(amount: Decimal) -> str:
    """Dollars and cents with a sign."""
    return f"{_cents(amount):+,.2f}"


def quantity(amount: Decimal) -> str:
    """A number of units, with no more digits than it takes."""
    return f"{amount:,.2f}".rstrip("0").rstrip(".")


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP) + 0


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "category": line.category,
        "what": line.what,
        "meter": line.price.meter,
        "quantity": line.quantity,
        "unit": line.price.unit,
        "price": line.price.amount * (1 - line.discount),
        "amount": _cents(line.amount),
        "mark": line.price.mark,
        "source": line.price.source,
    }


def _compared_json(line: Compared) -> dict[str, Any]:
    return {
        "category": line.category,
        "brief": line.brief,
        "here": _cents(line.ours),
        "differs": _cents(line.differs),
        "why": line.why,
    }
