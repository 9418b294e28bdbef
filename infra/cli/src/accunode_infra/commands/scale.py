"""`scale`: how many copies a service has, may have, and should have."""

from typing import Annotated

import typer

from accunode_infra.commands.release import site_of
from accunode_infra.invocation import invocation


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(scale)


def scale(
    context: typer.Context,
    service: Annotated[str | None, typer.Argument(help="By default all that scale.")] = None,
    minimum: Annotated[int | None, typer.Option("--min", min=0, help="The fewest copies.")] = None,
    maximum: Annotated[int | None, typer.Option("--max", min=1, help="The most copies.")] = None,
    desired: Annotated[
        int | None, typer.Option(min=0, help="The copies now; the autoscaler goes on from there.")
    ] = None,
) -> None:
    """Show or set the limits of a service's copies, and what the policy advises on the last half hour."""
    from accunode_infra.errors import UsageError
    from accunode_infra.release.machine import holding
    from accunode_infra.release.services import DEPLOYABLES, deployable
    from accunode_infra.scaling.limits import advice, change, read

    call = invocation(context)
    site = site_of(call)
    if {minimum, maximum, desired} != {None}:
        if service is None:
            raise UsageError("Say which service is to be scaled: `accunode-infra scale SERVICE --min 2`.")
        one = deployable(service)
        holding(site, "scale", one.name, lambda _: change(site, one, minimum=minimum, maximum=maximum, desired=desired))
    chosen = [deployable(service)] if service else [each for each in DEPLOYABLES if each.name != "relay"]
    found = [(each, read(site, each)) for each in chosen]
    advised = {each.name: advice(site, each, now) for each, now in found}
    rows = [
        (now.service, now.policy, now.template, now.standing, now.wanted, advised[now.service].capacity)
        for _, now in found
    ]
    call.output.table(["service", "policy", "template", "stack", "now", "advised"], rows)
    for _, now in found:
        for difference in now.differences:
            call.output.say(f"{now.service}: {difference}.")
        call.output.say(f"{now.service}: {advised[now.service].reason}")
    call.output.result(
        [
            now.as_document() | {"advised": advised[now.service].capacity, "reason": advised[now.service].reason}
            for _, now in found
        ]
    )
