"""`plan`: what a deploy would change, to the single property, and what it would cost."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.text import Text

from accunode_infra.desired import FileOption, SetOption, TierOption, VariantOption
from accunode_infra.errors import RefusedError
from accunode_infra.invocation import invocation
from accunode_infra.output import Output

CENT = Decimal("0.01")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(plan)


def plan(
    context: typer.Context,
    stacks: Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="By default all of them.")] = None,
    tier: TierOption = None,
    variant: VariantOption = None,
    settings: SetOption = None,
    file: FileOption = None,
    allowed: Annotated[
        list[str] | None, typer.Option("--allow-replacement", metavar="RESOURCE", help="One that holds data.")
    ] = None,
) -> None:
    """Show what a deploy would change: every property, what is replaced, what it costs. Nothing is changed."""
    from accunode_infra.deploying import Rollout
    from accunode_infra.desired import desired_state
    from accunode_infra.stacks import STACKS, stack

    call = invocation(context)
    chosen = [stack(name) for name in stacks] if stacks else list(STACKS)
    wanted = desired_state(call.session, call.environment, tier=tier, variant=variant, settings=settings, file=file)
    rollout = Rollout(call.session, call.output, wanted, allowed or ())
    try:
        planned = rollout.plan(chosen)
        document = show(call.output, planned, str(wanted.tier))
    finally:
        rollout.discard()
    lint(call.output, [each.target.stack.template for each in planned], wanted.root)
    call.output.result({"environment": call.environment, "tier": wanted.tier, "variant": wanted.variant, **document})


def show(output: Output, planned: Sequence[Any], tier: str) -> dict[str, Any]:
    """Show what is planned; returns it as a document."""
    from accunode_infra.deploying import all_notes
    from accunode_infra.stackops.showing import as_document, shown

    changing = [each for each in planned if not each.unchanged]
    for each in changing:
        output.show(Text(f"{each.name}: {'create' if each.creates else 'update'}", style="bold"))
        for line in shown(each.changes):
            output.show(line)
    if not changing:
        output.show(Text("Nothing to change."))
    found = all_notes(planned)
    for note in found:
        output.show(Text(f"! {note.stack}: {note.text}", style="bold yellow"))
    cost = cost_difference(planned, tier)
    if changing and "unpriced" in cost:
        output.show(Text(f"! What it costs is not known: {cost['unpriced']}", style="bold yellow"))
    elif changing:
        output.show(Text(f"A month: ${cost['before']:,.2f} -> ${cost['after']:,.2f} ({cost['amount']:+,.2f})"))
        for line in cost["changes"]:
            output.show(Text(f"    {line['what']}: ${line['before']:,.2f} -> ${line['after']:,.2f}"))
        if cost["folded"]:
            output.show(Text(f"    and {cost['folded']} that change by less than a cent"))
    summary = summed_up(changing, cost)
    if changing:
        output.show(Text(summary, style="bold"))
    return {
        "summary": summary,
        "stacks": [
            {
                "stack": each.name,
                "action": "none" if each.unchanged else "create" if each.creates else "update",
                "changes": as_document(each.changes),
            }
            for each in planned
        ],
        "notes": [{"stack": note.stack, "resource": note.resource, "text": note.text} for note in found],
        "cost": cost,
    }


def summed_up(changing: Sequence[Any], cost: Mapping[str, Any]) -> str:
    """What is planned, in a line."""
    if not changing:
        return "Nothing to change."
    created = sum(each.creates for each in changing)
    replaced = sum(change.replaces for each in changing for change in each.changes)
    parts = [
        f"{created} stack{'' if created == 1 else 's'} to create",
        f"{len(changing) - created} to change",
        f"{replaced} replacement{'' if replaced == 1 else 's'}",
    ]
    if "unpriced" in cost:
        dollars = "its cost is not known"
    else:
        dollars = f"${abs(cost['amount']):,.2f} {'less' if cost['amount'] < 0 else 'more'} a month"
    return f"{', '.join(parts)}; {dollars}."


def cost_difference(planned: Sequence[Any], tier: str) -> dict[str, Any]:
    """What the change makes of a month's cost in dollars; or, as `unpriced`, why that is not known.

    Its lines begin with what changes most; `folded` counts those that change by less than a cent.
    """
    from accunode_infra.cost import difference, month, resources_of

    stands = [each.target for each in planned if each.target.before is not None]
    before = [part for each in stands for part in resources_of(each.stack.name, each.before)]
    after = [part for each in planned for part in resources_of(each.target.stack.name, each.target.after)]
    try:
        found = difference(month(before, tier=tier), month(after, tier=tier))
    except RefusedError as error:
        return {"unpriced": str(error)}
    shown = [each for each in found.changes if abs(each.amount) >= CENT]
    shown.sort(key=lambda each: (-abs(each.amount), each.what))
    return {
        "before": float(found.before),
        "after": float(found.after),
        "amount": float(found.amount),
        "changes": [{"what": line.what, "before": float(line.before), "after": float(line.after)} for line in shown],
        "folded": len(found.changes) - len(shown),
    }


def lint(output: Output, templates: Sequence[str], root: Any) -> None:
    """Run cfn-lint over the templates where it is installed.

    Raises:
        RefusedError: It finds something.
    """
    import shutil
    import subprocess
    import sys
    from pathlib import Path

    from accunode_infra.templates import path_of

    beside = Path(sys.executable).parents[1] / "infra" / "bin"
    program = shutil.which("cfn-lint", path=str(beside)) or shutil.which("cfn-lint")
    if program is None:
        output.say("cfn-lint is not installed here, so the templates were not linted (`make test-infra` brings it).")
        return
    files = [str(path_of(name, root=root)) for name in dict.fromkeys(templates)]
    command = [program, "--format", "parseable", "--", *files]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if found.returncode:
        raise RefusedError(f"cfn-lint finds: {found.stdout.strip().splitlines()[0] if found.stdout else found.stderr}")
