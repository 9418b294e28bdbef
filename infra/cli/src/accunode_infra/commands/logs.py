"""`logs NAME`: what a service writes."""

import time
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from accunode_infra.errors import RefusedError, UsageError
from accunode_infra.invocation import invocation

GROUPS = ("auth", "tenants", "predictions", "bulk-upload", "worker", "relay", "migrate", "queue-metric")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(logs)


def logs(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(GROUPS)}.")],
    minutes: Annotated[int, typer.Option("--minutes", "-m", min=1, help="How far back.")] = 15,
    pattern: Annotated[str, typer.Option("--filter", help="A filter pattern of CloudWatch Logs.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep reading.")] = False,
) -> None:
    """Print the lines that a service has written, oldest first."""
    call = invocation(context)
    if name not in GROUPS:
        raise UsageError(f"There is no log of {name}: they are {', '.join(GROUPS)}.")
    client = call.session.client("logs")
    group = f"/accunode/{call.environment}/{name}"
    since = int((datetime.now(UTC) - timedelta(minutes=minutes)).timestamp() * 1000)
    seen: set[str] = set()
    lines: list[dict[str, object]] = []
    while True:
        request = {"logGroupName": group, "startTime": since} | ({"filterPattern": pattern} if pattern else {})
        try:
            pages = client.get_paginator("filter_log_events").paginate(**request)
            found = [each for page in pages for each in page["events"]]
        except client.exceptions.ResourceNotFoundException:
            raise RefusedError(f"There is no log group {group}: deploy the stack observability first.") from None
        for each in sorted(found, key=lambda event: int(event["timestamp"])):
            if each["eventId"] in seen:
                continue
            seen.add(each["eventId"])
            lines.append(
                {"at": datetime.fromtimestamp(each["timestamp"] / 1000, UTC), "text": each["message"].rstrip()}
            )
            call.output.say(each["message"].rstrip())
        if not follow:
            break
        time.sleep(call.session.poll_seconds)
    call.output.result({"group": group, "lines": lines})
