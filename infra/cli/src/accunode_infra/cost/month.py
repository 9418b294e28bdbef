"""Prices the resources of some stacks, or of a whole tier."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from accunode_infra.cost.model import Category, Context, Fleet, Line, Month, Resource, Use
from accunode_infra.cost.pricers import FREE, PRICERS
from accunode_infra.cost.prices import Prices, prices
from accunode_infra.cost.usage import PUBLISHED, Usage, usage
from accunode_infra.errors import RefusedError

SHARED = "shared"
"""What no resource stands for: traffic, metrics that services print, questions to Cost Explorer."""


def month(
    resources: Iterable[Resource],
    *,
    tier: str,
    fleet: Fleet = Fleet.EXPECTED,
    spot_discount: Decimal | None = None,
    reserved: bool = False,
    shared: bool = True,
) -> Month:
    """A month of some resources, in dollars.

    Args:
        tier: Whose usage is assumed: startup, growth or scale.
        spot_discount: What Spot takes off the on-demand price, as a share; by default the price file's.
        reserved: Whether what never stops is reserved for a year.
        shared: Whether what no resource stands for (traffic out, metrics that services print) is counted.

    Raises:
        RefusedError: A resource is of a type that is neither priced nor known to be free, or a price is missing.
    """
    listed = prices()
    assumed = usage(tier)
    found = {(resource.stack, resource.name): resource for resource in resources}
    context = Context(
        resources=found,
        usage=assumed,
        prices=listed,
        fleet=fleet,
        spot_discount=listed.spot_discount if spot_discount is None else spot_discount,
    )
    lines = [line for resource in found.values() for line in _lines(resource, context)]
    if shared and found:
        lines += [_line(use, listed, SHARED, SHARED, SHARED) for use in _shared(assumed, _published(found.values()))]
    lines += list(_free(lines))
    if reserved:
        lines += list(_reserved(found, context))
    return Month(tuple(lines))


def uses(resource: Resource, context: Context) -> Iterable[Use]:
    """What a resource uses in a month.

    Raises:
        RefusedError: Its type is neither priced nor known to be free.
    """
    if resource.type in PRICERS:
        return PRICERS[resource.type](resource, context)
    if resource.type in FREE:
        return ()
    raise RefusedError(
        f"{resource.type} ({resource.name} in the stack {resource.stack}) has no price: "
        "give it a pricer in accunode_infra.cost.pricers, or a reason among the free types."
    )


def _lines(resource: Resource, context: Context) -> Iterator[Line]:
    for use in uses(resource, context):
        if use.quantity:
            yield _line(use, context.prices, resource.stack, resource.name, resource.service)


def _line(use: Use, listed: Prices, stack: str, resource: str, service: str) -> Line:
    return Line(
        stack=stack,
        resource=resource,
        service=service,
        category=use.category,
        what=use.what,
        quantity=use.quantity,
        price=listed[use.meter],
        discount=use.discount,
    )


def _published(resources: Iterable[Resource]) -> str:
    """What services print of their own metrics: the most that any task definition among the resources says."""
    said = {
        variable["Value"]
        for resource in resources
        if resource.type == "AWS::ECS::TaskDefinition"
        for container in resource.properties["ContainerDefinitions"]
        for variable in container.get("Environment", [])
        if variable["Name"] == "ACCUNODE_METRICS"
    }
    return next((choice for choice in PUBLISHED if choice in said), PUBLISHED[0])


def _shared(assumed: Usage, published: str) -> Iterator[Use]:
    series = Decimal(sum(assumed.series[published].values()))
    yield Use("cloudwatch.metric", series, "metrics that services print", Category.MONITORING)
    yield Use("transfer.out", assumed["out_gb"], "to the internet", Category.OUT)
    yield Use("transfer.zones", assumed["zones_gb"], "between zones", Category.ZONES)
    yield Use("costexplorer.request", assumed["cost_requests"], "questions to Cost Explorer", Category.OTHER)


def _free(lines: Iterable[Line]) -> Iterator[Line]:
    """What is free each month, taken off as a line of its own."""
    used: dict[str, list[Line]] = {}
    for line in lines:
        used.setdefault(line.price.meter, []).append(line)
    for same in used.values():
        price = same[0].price
        free = min(price.free, sum((line.quantity for line in same), Decimal(0)))
        if free:
            what = ", ".join(dict.fromkeys(line.what for line in same))
            yield Line(SHARED, SHARED, SHARED, same[0].category, f"free each month: {what}", -free, price)


def _reserved(found: dict[tuple[str, str], Resource], context: Context) -> Iterator[Line]:
    """What a year's commitment takes off what never stops, as lines of their own."""
    for resource in found.values():
        for use in uses(resource, context):
            reservation = context.prices.reservation(use.meter)
            if reservation is None or not use.steady:
                continue
            price = context.prices[use.meter]
            yield Line(
                stack=resource.stack,
                resource=resource.name,
                service=resource.service,
                category=use.category,
                what=f"{use.what}, reserved for a year",
                quantity=-use.steady * reservation.one_year,
                price=price,
            )
