"""`cost`: what a month costs, line by line, beside what the requirements say; `cost actual`: what was spent."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from accunode_infra.errors import CheckError
from accunode_infra.tiers import Tier, Variant

verbs = typer.Typer(
    invoke_without_command=True,
    no_args_is_help=False,
    rich_markup_mode=None,
    help="What a month costs, from the templates and a dated price file.",
)


def register(app: typer.Typer) -> None:
    """Add the verb and its own verbs."""
    app.add_typer(verbs, name="cost")


@verbs.callback()
def cost(
    context: typer.Context,
    tier: Annotated[Tier, typer.Option(help="The size of everything.")] = Tier.STARTUP,
    variant: Annotated[Variant, typer.Option(help="The requirements' machines, or the cheapest that do the same.")] = (
        Variant.BRIEF
    ),
    egress: Annotated[
        str | None,
        typer.Option(help="The way out: nat-instance, nat-gateway, nat-gateway-per-az, endpoints; else the tier's."),
    ] = None,
    multi_az: Annotated[bool | None, typer.Option(help="A standby of the database in a second zone.")] = None,
    replica: Annotated[bool | None, typer.Option(help="A replica of the cache.")] = None,
    spot: Annotated[bool | None, typer.Option(help="Spot instances for workers above the minimum.")] = None,
    spot_discount: Annotated[
        int | None, typer.Option(min=0, max=90, help="What Spot takes off, in percent; else the price file's.")
    ] = None,
    reserved: Annotated[bool, typer.Option("--reserved", help="Reserve for a year what never stops.")] = False,
) -> None:
    """Reckon a month of a tier, line by line, and compare it with the requirements' table."""
    from accunode_infra.cost.report import report
    from accunode_infra.cost.tier import Choices
    from accunode_infra.invocation import invocation

    if context.invoked_subcommand is not None:
        return
    output = invocation(context).output
    found = report(
        tier,
        variant,
        Choices(egress=egress, multi_az=multi_az, replica=replica, spot=spot),
        spot_discount=None if spot_discount is None else Decimal(spot_discount) / 100,
        reserved=reserved,
    )
    for section in found.sections:
        output.table(section.columns, section.rows, title=section.title)
        for note in section.notes:
            output.show(note)
        output.show("")
    output.result(found.as_json())


@verbs.command()
def actual(context: typer.Context) -> None:
    """Compare what was spent yesterday with the mean of the week before, by the tag Service.

    Exits with 4 when the total or a service rose by more than 20 %. Cost Explorer takes a cent for the question.
    """
    from accunode_infra.cost.actual import spent
    from accunode_infra.invocation import invocation

    call = invocation(context)
    total, services = spent(call.session, call.environment, today=datetime.now(UTC).date())
    every = [*services, total]
    call.output.table(
        ["service", "yesterday, $", "mean of the week before, $", "change"],
        [[each.service, each.day, each.mean, "" if each.rise is None else f"{each.rise:+.0%}"] for each in every],
    )
    rising = [each for each in every if each.alarming]
    call.output.result(
        {
            "services": [
                {"service": each.service, "day": each.day, "mean": each.mean, "rise": each.rise} for each in every
            ],
            "alarming": [each.service for each in rising],
        }
    )
    if rising:
        said = ", ".join(f"{each.service} (${each.day:.2f} against ${each.mean:.2f})" for each in rising)
        call.output.say(f"Yesterday cost more than a fifth above the week before: {said}; see what was started.")
        raise typer.Exit(CheckError.code)


@verbs.command()
def page(
    write: Annotated[Path | None, typer.Option(help="The page to write them into, between its marks.")] = None,
) -> None:
    """Print the tables of docs/guides/cost.md."""
    from accunode_infra.cost.page import tables, written

    if write is None:
        typer.echo(tables())
    else:
        write.write_text(written(write.read_text(encoding="utf-8")), encoding="utf-8")
