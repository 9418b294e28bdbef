"""`status`: how the stacks stand."""

from collections.abc import Mapping
from typing import Any

import typer

from accunode_infra.invocation import invocation


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(status)


def status(context: typer.Context) -> None:
    """Show how every stack of the environment stands, and which slot of each service serves."""
    from accunode_infra.stackops.standing import standing_all
    from accunode_infra.stacks import STACKS, stack_name

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
    call.output.result({"environment": call.environment, "stacks": rows})


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
