"""`deploy`: brings the stacks to what they are wanted to be, phase by phase."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated

import typer
from rich.text import Text

from accunode_infra.commands.release import release
from accunode_infra.desired import FileOption, SetOption, TierOption, VariantOption
from accunode_infra.errors import FailedError, UsageError
from accunode_infra.invocation import Invocation, invocation


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
    images: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            metavar="[SERVICE=]IMAGE",
            help="A tag or digest that new services begin with; else the commit checked out is built and pushed.",
        ),
    ] = None,
    allowed: Annotated[
        list[str] | None, typer.Option("--allow-replacement", metavar="RESOURCE", help="One that holds data.")
    ] = None,
) -> None:
    """Create and update the stacks, draw secrets, push images, prepare the database: all that is missing.

    Everything is checked before anything is changed. Cut short at any moment, the same command goes on from there.
    """
    from accunode_infra.commands.plan import show
    from accunode_infra.deploying import Rollout
    from accunode_infra.desired import desired_state, remember
    from accunode_infra.stacks import STACKS, in_phase, stack
    from accunode_infra.supplies import images_by_name

    if services:
        if len(images or ()) > 1:
            raise UsageError("--service takes one --image, of that service.")
        release(context, services, image=images[0] if images else None)
        return
    call = invocation(context)
    chosen = [stack(name) for name in stacks] if stacks else list(STACKS)
    if phase is not None:
        chosen = [each for each in in_phase(phase) if each in chosen]
    wanted = desired_state(call.session, call.environment, tier=tier, variant=variant, settings=settings, file=file)
    wanted = replace(wanted, images=images_by_name(images or ()))
    await_end(call, [each.name for each in chosen])
    clear_remains(call, [each.name for each in chosen])
    rollout = Rollout(call.session, call.output, wanted, allowed or ())
    try:
        planned = rollout.plan(chosen)
        show(call.output, planned, str(wanted.tier))
        for line in rollout.refuse_early(planned):
            call.output.show(Text(line))
        changing = [each for each in planned if not each.unchanged]
        if changing and not call.output.confirm(f"Change {len(changing)} stacks of {call.environment}?"):
            raise typer.Exit(1)
        remember(call.session, wanted)
        done = list(rollout.run(planned))
    finally:
        rollout.discard()
    call.output.result(
        {"environment": call.environment, "tier": wanted.tier, "variant": wanted.variant, "phases": done}
    )


def await_end(call: Invocation, chosen: Sequence[str]) -> None:
    """Wait for what CloudFormation still works on, as after a deploy that was cut short; its end is judged later."""
    from accunode_infra.stackops.standing import standing_all
    from accunode_infra.stackops.watching import Watch, wait
    from accunode_infra.stacks import stack, stack_name

    standing = standing_all(call.session)
    for name in chosen:
        found = standing.get(stack_name(stack(name), call.environment))
        if found is not None and found.in_progress:
            call.output.say(f"{found.name} is {found.status} already: waiting for it.")
            with suppress(FailedError):
                wait(call.session, Watch(found.name, found.id, begun=True), call.output.say)


def clear_remains(call: Invocation, chosen: Sequence[str]) -> None:
    """Say why stacks were never created, and delete what is left of them when that is agreed to.

    Raises:
        FailedError: It is not agreed to.
    """
    from accunode_infra.deletion_protection import unprotect
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
        unprotect(call.session, found, call.output.say)
        delete(call.session, found, call.output.say)
