"""The tables of docs/guides/cost.md."""

from collections.abc import Iterable

from accunode_infra.cost.advice import LOADS, surplus
from accunode_infra.cost.brief import brief
from accunode_infra.cost.model import Fleet, Month
from accunode_infra.cost.prices import prices
from accunode_infra.cost.report import Section, brief_section, lines_section, money, signed
from accunode_infra.cost.tier import Choices, tier_month
from accunode_infra.cost.usage import usage
from accunode_infra.errors import RefusedError
from accunode_infra.tiers import Tier, Variant

BEGIN, END = "<!-- begin of the tables -->", "<!-- end of the tables -->"
VARIANTS = (
    ("brief", Variant.BRIEF, Choices(), False),
    ("brief, NAT gateway", Variant.BRIEF, Choices(egress="nat-gateway"), False),
    ("brief, NAT gateway a zone", Variant.BRIEF, Choices(egress="nat-gateway-per-az"), False),
    ("brief, endpoints only", Variant.BRIEF, Choices(egress="endpoints"), False),
    ("brief, standby of the database", Variant.BRIEF, Choices(multi_az=True), False),
    ("brief, replica of the cache", Variant.BRIEF, Choices(replica=True), False),
    ("economy without Spot", Variant.ECONOMY, Choices(spot=False), False),
    ("economy with Spot", Variant.ECONOMY, Choices(spot=True), False),
    ("economy with Spot, reserved", Variant.ECONOMY, Choices(spot=True), True),
)


def tables() -> str:
    """Every table of the page, in Markdown."""
    sections = [variants_section()]
    for tier in Tier:
        month = tier_month(tier, Variant.BRIEF)
        sections += [
            lines_section(month, f"{tier.capitalize()}, line by line"),
            _titled(brief_section(month, tier), f"{tier.capitalize()} beside the requirements"),
        ]
    sections += [credits_section(), usage_section(), prices_section()]
    return "\n\n".join(markdown(section) for section in sections)


def written(page: str) -> str:
    """The page with the tables as they are now between its marks.

    Raises:
        RefusedError: It has no marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise RefusedError(f"The page has no lines {BEGIN} and {END} to write the tables between.")
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def variants_section() -> Section:
    """Each variant of each tier."""
    rows = [
        [name, *(money(tier_month(tier, variant, choices, reserved=reserved).total) for tier in Tier)]
        for name, variant, choices, reserved in VARIANTS
    ]
    said = brief()
    rows.append(["the requirements say", *(money(said.levels[tier].total) for tier in Tier)])
    return Section("Variants", ["$ a month", *Tier], rows)


def credits_section() -> Section:
    """The largest fleet, and what surplus credits add."""
    rows = []
    for tier in Tier:
        months = {fleet: tier_month(tier, Variant.BRIEF, fleet=fleet) for fleet in Fleet}
        rows += [[f"{tier}, {fleet} fleet", *_fleet_row(month)] for fleet, month in months.items()]
    return Section(
        "The smallest and the largest fleet",
        ["", "$ a month", "$ a year", *(f"CPU at {load:.0%}" for load in LOADS)],
        rows,
    )


def _fleet_row(month: Month) -> list[str]:
    return [money(month.total), money(month.total * 12), *(signed(surplus(month, load)) for load in LOADS)]


def usage_section() -> Section:
    """What is assumed."""
    by_tier = [usage(tier) for tier in Tier]
    rows = [
        [name.replace("_", " "), assumption.unit, *(f"{each[name]:f}" for each in by_tier), assumption.why]
        for name, assumption in by_tier[0].assumptions.items()
    ]
    return Section("What is assumed", ["", "unit", *Tier, "why"], rows)


def prices_section() -> Section:
    """Every unit price."""
    rows = [
        [f"`{price.meter}`", f"${price.amount:f}", price.unit, f"{price.free:f}", price.mark, price.source]
        for price in prices().meters.values()
    ]
    return Section("Unit prices", ["meter", "price", "unit", "free a month", "mark", "source"], rows)


def _titled(section: Section, title: str) -> Section:
    return Section(title, section.columns, section.rows, section.notes)


def markdown(section: Section) -> str:
    """A section as a heading and a table."""
    return "\n".join(
        [
            f"### {section.title}",
            "",
            _row(section.columns),
            _row(["---"] * len(section.columns)),
            *map(_row, section.rows),
            *(f"\n{note}" for note in section.notes),
        ]
    )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"
