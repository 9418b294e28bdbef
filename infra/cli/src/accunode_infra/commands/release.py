"""`release`: brings images to services, one after the other; what `deploy --service` does."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer

from accunode_infra.errors import UsageError
from accunode_infra.invocation import Invocation, invocation
from accunode_infra.release.record import Record
from accunode_infra.release.site import Site


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(release)
    app.command()(rollback)


def release(
    context: typer.Context,
    services: Annotated[
        list[str] | None, typer.Argument(metavar="[SERVICE]...", help="By default all, one after the other.")
    ] = None,
    image: Annotated[
        str | None, typer.Option(help="A digest, tag or reference; else the commit that is checked out is pushed.")
    ] = None,
    share: Annotated[int, typer.Option(min=1, max=49, help="Percent of the requests that it gets first.")] = 10,
    watch: Annotated[float, typer.Option(min=0, help="Minutes that the alarms are watched with that share.")] = 5,
    bake: Annotated[float, typer.Option(min=0, help="Minutes with all requests before the old slot is lowered.")] = 10,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="FINDING", help="A critical finding that is accepted.")
    ] = None,
    scan: Annotated[bool, typer.Option(help="Wait for the registry's scan, and refuse critical findings.")] = True,
    migrate: Annotated[bool, typer.Option(help="Migrate the database first.")] = True,
    despite_alarms: Annotated[bool, typer.Option("--despite-alarms", help="Although alarms fire already.")] = False,
    break_lock: Annotated[bool, typer.Option("--break-lock", help="Take the lock from whoever holds it.")] = False,
) -> None:
    """Release an image: idle slot up, proved, a share of the requests, all of them, old slot down.

    Cut short at any moment, the same command goes on from there. An image that is not fit is taken back.
    """
    from accunode_infra.release.deploy import ReleaseOptions, deploy
    from accunode_infra.release.services import DEPLOYABLES, deployable
    from accunode_infra.release.slots import Step
    from accunode_infra.release.slotted import Pace

    call = invocation(context)
    chosen = [deployable(name) for name in services] if services else list(DEPLOYABLES)
    if image is not None and len({each.image for each in chosen}) > 1:
        raise UsageError("--image names the image of one service: name that service.")
    site = site_of(call)
    pace = Pace(share=share, watch=timedelta(minutes=watch), bake=timedelta(minutes=bake))
    done: list[dict[str, object]] = []
    for service in chosen:
        allow_break(call, break_lock)
        # All are made from one commit: the first brings the database to it.
        without = frozenset() if migrate and not done else frozenset({Step.MIGRATE})
        options = ReleaseOptions(image, replace(pace, without=without), accept or (), scan, despite_alarms, break_lock)
        record = deploy(site, service, options)
        done.append(summary(service.name, record))
    call.output.result({"environment": call.environment, "services": done})


def rollback(
    context: typer.Context,
    services: Annotated[list[str] | None, typer.Argument(metavar="[SERVICE]...", help="By default all.")] = None,
    named: Annotated[list[str] | None, typer.Option("--service", metavar="SERVICE", hidden=True)] = None,
    break_lock: Annotated[bool, typer.Option("--break-lock", help="Take the lock from whoever holds it.")] = False,
) -> None:
    """Bring back what served before: a move of weights while the old slot has copies, else its image raised again."""
    from accunode_infra.release.deploy import rollback as roll_back
    from accunode_infra.release.services import DEPLOYABLES, deployable
    from accunode_infra.release.slotted import Pace

    call = invocation(context)
    names = [*(services or ()), *(named or ())]
    chosen = [deployable(name) for name in names] if names else list(reversed(DEPLOYABLES))
    if not names and not call.output.confirm(f"Roll back all of {call.environment}?"):
        raise typer.Exit(1)
    site = site_of(call)
    done = []
    for service in chosen:
        allow_break(call, break_lock)
        began = site.clock.now()
        record = roll_back(site, service, pace=Pace(), break_lock=break_lock)
        seconds = (site.clock.now() - began).total_seconds()
        call.output.say(f"{service.name} is back on {record.image.partition('@')[2][:19]} after {seconds:.0f} s.")
        done.append(summary(service.name, record) | {"rollback_seconds": round(seconds, 1)})
    call.output.result({"environment": call.environment, "services": done})


def site_of(call: Invocation) -> Site:
    """The environment that the command line names."""
    return Site(call.session, call.environment, call.output)


def allow_break(call: Invocation, wanted: bool) -> None:
    """Show the lock that is to be broken, and ask."""
    from accunode_infra.release.lock import held

    if wanted and (found := held(site_of(call))):
        call.output.say(f"The lock: {found[0]}.")
        if not call.output.confirm("Break it?"):
            raise typer.Exit(1)


def summary(service: str, record: Record | None) -> dict[str, object]:
    """A release as a document."""
    if record is None:
        return {"service": service, "outcome": "unchanged"}
    return {
        "service": service,
        "outcome": record.outcome,
        "image": record.image,
        "before": record.before,
        "commit": record.commit,
        "who": record.who,
        "started": record.started,
        "seconds": record.seconds,
    }
