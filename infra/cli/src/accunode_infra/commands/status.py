"""`status`: how the stacks stand, and what was released."""

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any

import typer
from rich.text import Text

from accunode_infra.commands.release import site_of
from accunode_infra.invocation import invocation
from accunode_infra.release.site import Site

RELEASES = 3
"""How many of each service are shown."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(status)


def status(context: typer.Context) -> None:
    """Show how every stack stands, which slot of each service serves, and each service's last releases."""
    from accunode_infra.stackops.standing import NEVER_CREATED, standing_all
    from accunode_infra.stacks import STACKS, owned, stack_name

    call = invocation(context)
    standing = standing_all(call.session)

    rows: list[dict[str, Any]] = []
    for each in STACKS:
        name = stack_name(each, call.environment)
        found = standing.get(name)
        rows.append(
            {
                "phase": each.phase,
                "stack": name,
                "status": found.status if found else "not there",
                "changed": found.changed if found else None,
                "runs": runs(found.parameters) if found else "",
            }
        )
    shown = [row | {"changed": f"{row['changed']:%Y-%m-%d %H:%M}" if row["changed"] else ""} for row in rows]
    call.output.table(list(shown[0]), [list(row.values()) for row in shown])
    there = {name: each for name, each in standing.items() if each.status not in NEVER_CREATED}
    if not owned(there, call.environment):
        call.output.show(Text(f"Nothing stands of {call.environment} in {call.session.region}."))
    releases = released(site_of(call), there)
    if releases:
        call.output.table(
            ["service", "released", "who", "commit", "outcome"],
            [
                (each["service"], f"{each['started']:%Y-%m-%d %H:%M}", each["who"], each["commit"], _ended(each))
                for each in releases
            ],
            title="Last releases",
        )
    call.output.result({"environment": call.environment, "stacks": rows, "releases": releases})


def released(site: Site, there: Container[str]) -> list[dict[str, Any]]:
    """The last releases of each service whose stack is there, newest first within each."""
    from accunode_infra.aws import explained
    from accunode_infra.release.record import Records
    from accunode_infra.release.services import DEPLOYABLES

    with explained():
        return [
            {
                "service": each.name,
                "kind": record.kind,
                "started": datetime.fromisoformat(record.started),
                "who": record.who,
                "commit": record.commit,
                "image": record.image,
                "outcome": str(record.outcome),
                "reason": record.reason,
            }
            for each in DEPLOYABLES
            if site.stack_name(each.stack) in there
            for record in Records(site, each.name).read()[:RELEASES]
        ]


def _ended(release: Mapping[str, Any]) -> str:
    return f"{release['outcome']}: {release['reason']}" if release["reason"] else release["outcome"]


def runs(parameters: Mapping[str, str]) -> str:
    """What a stack's parameters say that it runs: an image's digest, or the slots with their weights."""
    if "BlueWeight" not in parameters:
        return image(parameters.get("Image", ""))
    return ", ".join(
        f"{slot.lower()} {parameters.get(f'{slot}Weight')} % {image(parameters[f'{slot}Image'])}"
        for slot in ("Blue", "Green")
        if parameters.get(f"{slot}Image")
    )


def image(reference: str) -> str:
    """An image's digest, short."""
    return reference.partition("@sha256:")[2][:12]
