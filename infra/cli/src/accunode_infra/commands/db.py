"""`db`: migrations, snapshots, and restoring them; `dr-test`: the proof that they can be restored."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from accunode_infra.commands.release import site_of
from accunode_infra.errors import RefusedError
from accunode_infra.invocation import invocation

db = typer.Typer(no_args_is_help=True, help="Migrate, snapshot and restore the database.")

Chosen = Annotated[str | None, typer.Argument(metavar="[SNAPSHOT]", help="By default the newest.")]


def register(app: typer.Typer) -> None:
    """Add the group and the verb."""
    app.add_typer(db, name="db")
    app.command("dr-test")(dr_test)


@db.command()
def migrate(
    context: typer.Context,
    image: Annotated[str | None, typer.Option(help="A reference by digest; else the image of the last time.")] = None,
) -> None:
    """Run the migrations as a one-off task, and wait for its end."""
    from uuid import uuid4

    from accunode_infra.release import oneoff
    from accunode_infra.release.machine import holding

    call = invocation(context)
    site = site_of(call)
    ran = holding(site, "migrate", "database", lambda _: oneoff.run(site, f"migrate-{uuid4().hex[:12]}", image=image))
    call.output.say("\n".join([*ran.lines, "The database is migrated."]))
    call.output.result({"task": ran.arn, "log": ran.lines})


@db.command()
def snapshots(context: typer.Context) -> None:
    """List the snapshots that can be restored, newest first."""
    from accunode_infra.database.snapshots import listed

    call = invocation(context)
    found = listed(site_of(call))
    rows = [(each.name, f"{each.taken:%Y-%m-%d %H:%M}", each.size, "RDS" if each.automated else "us") for each in found]
    call.output.table(["snapshot", "taken (UTC)", "GiB", "by"], rows)
    call.output.result([{"name": each.name, "taken": each.taken, "gib": each.size} for each in found])


@db.command()
def snapshot(context: typer.Context) -> None:
    """Take a snapshot, and wait until it can be restored."""
    from accunode_infra.database.snapshots import take

    call = invocation(context)
    name = take(site_of(call))
    call.output.say(f"{name} can be restored.")
    call.output.result({"snapshot": name})


@db.command()
def restore(
    context: typer.Context,
    name: Chosen = None,
    to: Annotated[datetime | None, typer.Option(help="A moment (UTC) instead: 2026-11-26T10:00:00.")] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Instead of the database, not beside it.")] = False,
    confirm: Annotated[
        str | None, typer.Option(help="The environment's name, typed: for --in-place in scripts.")
    ] = None,
) -> None:
    """Restore a snapshot or a moment: beside the database while you look at it, or with --in-place instead of it."""
    from accunode_infra.database.replace import refuse_held, replace
    from accunode_infra.database.snapshots import Snapshot, at, chosen, restored_aside
    from accunode_infra.release.machine import holding

    call = invocation(context)
    site = site_of(call)
    moment = to.replace(tzinfo=UTC) if to is not None else None
    if not in_place:
        call.output.refuse_unanswered()
        with restored_aside(site, moment or chosen(site, name), "restored") as instance:
            host = instance["Endpoint"]["Address"]
            call.output.say(f"Restored as {instance['DBInstanceIdentifier']} at {host}, until you answer.")
            call.output.confirm("Delete it again? It is deleted whatever the answer, once there is one.")
        call.output.result({"restored": instance["DBInstanceIdentifier"], "deleted": True})
        return
    refuse_held(site)
    since = moment or chosen(site, name).taken
    question = f"Everything written since {since:%Y-%m-%d %H:%M} UTC leaves {call.environment}."
    if not call.output.confirm_typed(question, call.environment, typed=confirm):
        raise RefusedError("The name was not typed, so nothing was restored.")

    def act(_: object) -> tuple[Snapshot, str]:
        found = at(site, moment) if moment else chosen(site, name)
        return found, replace(site, found)

    found, kept = holding(site, "restore", "database", act)
    call.output.say(f"{found.name} is in place." + (f" What was there before is kept as {kept}." if kept else ""))
    call.output.result({"snapshot": found.name, "kept": kept or None})


def dr_test(context: typer.Context, name: Chosen = None) -> None:
    """Restore a snapshot beside the database, read from it, delete it, and say how long that took."""
    from dataclasses import asdict

    from accunode_infra.database.drill import drill
    from accunode_infra.database.snapshots import chosen

    call = invocation(context)
    site = site_of(call)
    found = drill(site, chosen(site, name))
    minutes, hours = found.recovery_seconds / 60, found.age_seconds / 3600
    call.output.say(
        f"{found.snapshot} was restored in {found.restore_seconds:.0f} s, and read in {found.check_seconds:.0f} s."
    )
    call.output.say(f"To recover takes {minutes:.1f} minutes; the snapshot is {hours:.1f} hours old.")
    call.output.result(asdict(found) | {"recovery_seconds": found.recovery_seconds})
