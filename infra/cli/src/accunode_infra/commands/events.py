"""`events STACK`: what CloudFormation did to a stack, and why it failed if it did."""

import time
from typing import Annotated

import typer

from accunode_infra.errors import RefusedError
from accunode_infra.invocation import invocation


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(events)


def events(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="STACK", help="Such as network, data, service-auth.")],
    all_: Annotated[bool, typer.Option("--all", help="Not only those of the last change.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep reading while CloudFormation works.")] = False,
) -> None:
    """Show a stack's events in the templates' own words, and the first cause when something failed."""
    from accunode_infra.stackops.events import events as read
    from accunode_infra.stackops.events import last_attempt, root_cause
    from accunode_infra.stackops.standing import standing
    from accunode_infra.stackops.watching import descriptions, told
    from accunode_infra.stacks import stack, stack_name
    from accunode_infra.templates import load

    call = invocation(context)
    wanted = stack(name)
    found = standing(call.session, stack_name(wanted, call.environment))
    if found is None:
        raise RefusedError(f"There is no stack {stack_name(wanted, call.environment)} in {call.session.region}.")
    described = descriptions(load(wanted.template))
    listed = read(call.session, found.id)
    listed = listed if all_ else last_attempt(listed)
    for event in listed:
        call.output.say(told(event, described))
    while follow and found.in_progress:
        time.sleep(call.session.poll_seconds)
        for event in read(call.session, found.id, until=listed[-1].id if listed else None):
            listed.append(event)
            call.output.say(told(event, described))
        found = standing(call.session, found.id) or found
        if found.status == "DELETE_COMPLETE":
            break
    cause = root_cause(listed)
    if cause is not None:
        call.output.say(f"The first cause: {cause.name} ({cause.type}): {cause.reason}", style="red")
    call.output.result(
        {
            "stack": found.name,
            "status": found.status,
            "cause": cause and {"resource": cause.name, "type": cause.type, "reason": cause.reason},
            "events": [
                {
                    "at": event.at,
                    "resource": event.name,
                    "type": event.type,
                    "status": event.status,
                    "reason": event.reason,
                }
                for event in listed
            ],
        }
    )
