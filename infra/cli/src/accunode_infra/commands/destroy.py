"""`destroy`: takes an environment away, after a word that is typed and a last snapshot."""

from typing import Annotated

import typer

from accunode_infra.errors import RefusedError
from accunode_infra.invocation import invocation


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(destroy)


def destroy(
    context: typer.Context,
    stacks: Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="By default all of them.")] = None,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="ENVIRONMENT", help="Its name, instead of typing it.")
    ] = None,
    snapshot: Annotated[bool, typer.Option(help="Whether the database leaves a final snapshot.")] = True,
    empty_buckets: Annotated[bool, typer.Option("--empty-buckets", help="Delete the files in its buckets.")] = False,
    account_wide: Annotated[
        bool, typer.Option("--account-wide", help="Also the registry with its images, and the roles to deploy with.")
    ] = False,
) -> None:
    """Delete the environment's stacks. What templates keep (files, the last snapshot) stays, and is listed."""
    from accunode_infra.destroying import choose
    from accunode_infra.destroying import destroy as take_away
    from accunode_infra.stacks import stack

    call = invocation(context)
    for name in stacks or []:
        stack(name)
    chosen = choose(call.session, call.environment, stacks or [], account_wide=account_wide)
    if not chosen:
        call.output.say(f"Nothing of {call.environment} stands in {call.session.region}.")
        call.output.result({"environment": call.environment, "deleted": [], "snapshots": [], "kept": []})
        return
    call.output.say(f"To be deleted in account {call.session.account}, {call.session.region}:")
    for standing in chosen.values():
        call.output.say(f"  {standing.name}")
    if not call.output.confirm_typed("This deletes the environment.", call.environment, typed=confirm):
        raise RefusedError("What was typed is not the environment's name: nothing was deleted.")
    done = take_away(call.session, chosen, call.output.say, snapshot=snapshot, empty_buckets=empty_buckets)
    for name in done.snapshots:
        call.output.say(f"Left: the snapshot {name}; `aws rds delete-db-snapshot` deletes it.")
    for each in done.kept:
        call.output.say(f"Left: {each}")
    call.output.result(
        {"environment": call.environment, "deleted": done.deleted, "snapshots": done.snapshots, "kept": done.kept}
    )
