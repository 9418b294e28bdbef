"""`params STACK`: the parameters of a stack, for plain `aws cloudformation deploy`."""

import json
from typing import Annotated

import typer

from accunode_infra.invocation import invocation
from accunode_infra.stacks import parameters, stack
from accunode_infra.tiers import Tier, Variant


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(params)


def params(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="STACK", help="Such as network, data, service-auth.")],
    tier: Annotated[Tier, typer.Option(help="The size of everything.")] = Tier.STARTUP,
    variant: Annotated[Variant, typer.Option(help="The requirements' machines, or the cheapest that do the same.")] = (
        Variant.BRIEF
    ),
    overrides: Annotated[
        bool, typer.Option("--overrides", help="Print Name=value words for --parameter-overrides.")
    ] = False,
) -> None:
    """Print a stack's parameters as the JSON file that `aws cloudformation` takes.

    What releases decide (images, weights, counts) is left out, so that what stands is kept.
    """
    call = invocation(context)
    wanted = stack(name)
    values = parameters(wanted, environment=call.environment, tier=tier, variant=variant)
    if overrides:
        typer.echo(" ".join(f"{key}={value}" for key, value in values.items()))
        return
    listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    typer.echo(json.dumps(listed, indent=2))
