"""`alarms`: which there are, and whether anybody hears them."""

from typing import Annotated

import typer

from accunode_infra.commands.release import site_of
from accunode_infra.errors import CheckError, UsageError
from accunode_infra.invocation import invocation

alarms = typer.Typer(no_args_is_help=True, help="List the alarms, and fire them to prove that they are heard.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(alarms, name="alarms")


@alarms.command("list")
def list_alarms(context: typer.Context) -> None:
    """List the environment's alarms with their states."""
    from accunode_infra.release.alarms import environment_alarms

    call = invocation(context)
    found = environment_alarms(site_of(call))
    rows = [(each["AlarmName"], each["StateValue"], each.get("AlarmDescription", "")) for each in found]
    call.output.table(["alarm", "state", "what it means"], rows)
    call.output.result([{"name": name, "state": state, "description": text} for name, state, text in rows])


@alarms.command("test")
def fire(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[ALARM]...", help="By default all.")] = None,
) -> None:
    """Fire each alarm, wait until CloudWatch reports that its actions went through, and put it back.

    Whoever the alerts go to will get them; so they are asked about first. Ends with 4 when one was not heard.
    """
    from accunode_infra.release.alarm_drill import fire
    from accunode_infra.release.alarms import environment_alarms

    call = invocation(context)
    site = site_of(call)
    found = {each["AlarmName"]: each for each in environment_alarms(site)}
    if unknown := [name for name in names or () if name not in found]:
        raise UsageError(f"There is no alarm {', '.join(unknown)}: `accunode-infra alarms list` lists them.")
    chosen = [found[name] for name in names or found]
    if not call.output.confirm(f"Fire {len(chosen)} alarms? Everybody who is alerted will hear them."):
        raise typer.Exit(1)
    fired = [fire(site, each) for each in chosen]
    call.output.table(["alarm", "heard", "what CloudWatch says"], [(one.name, one.heard, one.said) for one in fired])
    if silent := [one.name for one in fired if not one.heard]:
        raise CheckError(f"Not heard: {', '.join(silent)}. See that each has an action, and the topic a subscriber.")
    call.output.result([{"name": one.name, "heard": one.heard, "said": one.said} for one in fired])
