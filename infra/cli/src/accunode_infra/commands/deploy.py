"""`deploy`: brings the stacks to what they are wanted to be, phase by phase."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from accunode_infra.commands.release import release
from accunode_infra.errors import FailedError
from accunode_infra.invocation import Invocation, invocation
from accunode_infra.wishes import FileOption, SetOption, TierOption, VariantOption


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(deploy)


def deploy(
    context: typer.Context,
    stacks: Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="By default all of them.")] = None,
    services: Annotated[
        list[str] | None, typer.Option("--service", help="Release the checked-out commit of it, as `release` does.")
    ] = None,
    phase: Annotated[int | None, typer.Option(help="Only the stacks of this phase, 1 to 5.")] = None,
    tier: TierOption = None,
    variant: VariantOption = None,
    settings: SetOption = None,
    file: FileOption = None,
    image: Annotated[
        str | None, typer.Option(help="The tag or digest that new services begin with; else the commit checked out.")
    ] = None,
    allowed: Annotated[
        list[str] | None, typer.Option("--allow-replacement", metavar="RESOURCE", help="One that holds data.")
    ] = None,
) -> None:
    """Create and update the stacks. Everything is checked before anything is changed, and may be run again."""
    from accunode_infra.commands.plan import show
    from accunode_infra.deploying import Rollout
    from accunode_infra.stacks import STACKS, in_phase, stack
    from accunode_infra.wishes import remember, wish

    if services:
        release(context, services, image=image)
        return
    call = invocation(context)
    chosen = [stack(name) for name in stacks] if stacks else list(STACKS)
    if phase is not None:
        chosen = [each for each in in_phase(phase) if each in chosen]
    wanted = wish(call.session, call.environment, tier=tier, variant=variant, settings=settings, file=file)
    wanted = replace(wanted, image=image)
    clear_remains(call, [each.name for each in chosen])
    rollout = Rollout(call.session, call.output, wanted, allowed or ())
    try:
        planned = rollout.plan(chosen)
        show(call.output, planned, str(wanted.tier))
        rollout.refuse_early(planned)
        changing = [each for each in planned if not each.unchanged]
        if changing and not call.output.confirm(f"Change {len(changing)} stacks of {call.environment}?"):
            raise typer.Exit(1)
        done = list(rollout.run(planned))
    finally:
        rollout.discard()
    remember(call.session, wanted)
    call.output.result(
        {"environment": call.environment, "tier": wanted.tier, "variant": wanted.variant, "phases": done}
    )


def clear_remains(call: Invocation, chosen: Sequence[str]) -> None:
    """Say why stacks were never created, and delete what is left of them when that is agreed to.

    Raises:
        FailedError: It is not agreed to.
    """
    from accunode_infra.lifting import lift
    from accunode_infra.stackops.deleting import delete
    from accunode_infra.stackops.standing import FAILED_CREATE, standing_all
    from accunode_infra.stackops.watching import failure
    from accunode_infra.stacks import stack, stack_name

    standing = standing_all(call.session)
    for name in chosen:
        found = standing.get(stack_name(stack(name), call.environment))
        if found is None or found.status not in FAILED_CREATE:
            continue
        call.output.say(failure(call.session, found), style="yellow")
        if not call.output.confirm(f"Delete what is left of {found.name}?"):
            raise FailedError(f"{found.name} is left as it is, and cannot be deployed so.")
        lift(call.session, found, call.output.say)
        delete(call.session, found, call.output.say)
