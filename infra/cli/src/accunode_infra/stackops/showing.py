"""How changes are shown: one line a resource, one a property, replacements called out."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich.text import Text

from accunode_infra.stackops.changes import PropertyChange, ResourceChange

SIGNS = {"Add": ("+", "green"), "Modify": ("~", "yellow"), "Remove": ("-", "red"), "Import": (">", "green")}
LONGEST = 100


def shown(changes: Iterable[ResourceChange]) -> Iterator[Text]:
    """Lines for people."""
    for change in changes:
        sign, style = SIGNS.get(change.action, ("?", "yellow"))
        line = Text(f"  {sign} {change.name} ({change.type})", style=style)
        if change.replaces:
            line.append("  REPLACED" if change.replacement == "True" else "  MAY BE REPLACED", style="bold red")
        yield line
        if change.action == "Modify":
            for each in change.properties:
                path = each.path.removeprefix("/Properties/").lstrip("/")
                yield Text(f"      {path}: {_value(each.before)} -> {_value(each.after)}")


def as_document(changes: Iterable[ResourceChange]) -> list[dict[str, Any]]:
    """The same for `--json`."""
    return [
        {
            "action": change.action,
            "resource": change.name,
            "type": change.type,
            "replacement": change.replacement,
            "properties": [_document(each) for each in change.properties],
        }
        for change in changes
    ]


def _document(change: PropertyChange) -> dict[str, Any]:
    return {"path": change.path, "before": change.before, "after": change.after, "recreates": change.recreates}


def _value(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
