"""`simulate`: replays a day against what the templates say: what people wait, what it costs, what breaks."""

from pathlib import Path
from typing import Annotated

import typer

from accunode_infra.errors import UsageError
from accunode_infra.tiers import Tier, Variant


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(simulate)


def simulate(
    context: typer.Context,
    tier: Annotated[Tier, typer.Option(help="The size of everything.")] = Tier.STARTUP,
    variant: Annotated[Variant, typer.Option(help="The requirements' machines, or the cheapest that do the same.")] = (
        Variant.BRIEF
    ),
    users: Annotated[
        str | None, typer.Option(help="People at work in the busiest hour; several, as 500,1000, are compared.")
    ] = None,
    day: Annotated[Path | None, typer.Option(help="A day of your own; else the one that ships.")] = None,
    weekday: Annotated[str, typer.Option(help="Which day of the week.")] = "monday",
    policy: Annotated[
        list[Path] | None, typer.Option(help="A policy, as policy.json, to compare with the templates'; repeatable.")
    ] = None,
    times: Annotated[Path | None, typer.Option(help="Service times of your own, by `make service-times`.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="What chance begins with; the same seed gives the same day.")] = 1,
    chart: Annotated[Path | None, typer.Option(help="Draw the day into this PNG.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the day into this page.")] = None,
    acts: Annotated[bool, typer.Option("--acts", help="List every scaling act.")] = False,
) -> None:
    """Replay a day: waits, instance-hours, dollars, scaling acts, CPU credits, and what breaks first."""
    from accunode_infra.invocation import invocation
    from accunode_infra.simulation import compare, report
    from accunode_infra.simulation.chart import write_html, write_png
    from accunode_infra.simulation.model import simulate as replay

    output = invocation(context).output
    inputs = compare.inputs(tier, variant, day=day, weekday=weekday, times=times, seed=seed)
    counts = _counts(users)
    if len(counts) > 1 and policy:
        raise UsageError("Give several users or policies, not both: one table compares one thing.")
    if len(counts) > 1 or policy:
        if chart or html or acts:
            raise UsageError("--chart, --html and --acts show one day: give one number of users, and no policy.")
        if len(counts) == 1:
            inputs = compare.with_users(inputs, counts[0])
        choices = compare.policies(inputs, policy) if policy else compare.users(inputs, counts)
        results = {}
        for name, each in choices.items():
            output.say(f"Replaying the day: {name}")
            results[name] = replay(each)
        table = report.side_by_side(
            results, f"{inputs.day.name}, {weekday}, tier {tier}", "policy" if policy else "users"
        )
        output.table(table.columns, table.rows, title=table.title)
        output.result([{"name": name, **report.document(result)} for name, result in results.items()])
        return
    result = replay(compare.with_users(inputs, counts[0]) if counts else inputs)
    for section in [*report.sections(result), *([report.acts(result)] if acts else [])]:
        output.table(section.columns, section.rows, title=section.title)
    output.say(f"Breaks first: {report.broken(result.limits.first)}")
    if chart:
        write_png(result, chart)
    if html:
        write_html(result, html)
    output.result(report.document(result))


def _counts(users: str | None) -> list[int]:
    words = users.split(",") if users else []
    if not all(word.strip().isdigit() and 0 < int(word) <= 1_000_000 for word in words):
        raise UsageError(f"--users takes numbers from 1 to 1,000,000 with commas between them, not {users!r}.")
    return [int(word) for word in words]
