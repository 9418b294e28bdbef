"""The difference between two resolved templates, property by property.

It stands in where CloudFormation's change set does not tell values, and where there is no stack to make one for.
"""

from collections.abc import Iterator
from typing import Any

from accunode_infra.resolve import Resolved, Resource
from accunode_infra.stackops.changes import PropertyChange, ResourceChange


def difference(before: Resolved | None, after: Resolved) -> list[ResourceChange]:
    """What changes from one to the other, in the template's order, what is removed last.

    Whether a change replaces the resource is not known here: `replacement` is `Unknown` where something is modified.
    """
    standing = before.resources if before is not None else {}
    changes = []
    for name, resource in after.resources.items():
        was = standing.get(name)
        if was is None:
            changes.append(ResourceChange("Add", name, resource.type))
        elif was.type != resource.type:
            changes.append(ResourceChange("Modify", name, resource.type, "True"))
        else:
            properties = tuple(properties_changed(was, resource))
            if properties:
                changes.append(ResourceChange("Modify", name, resource.type, "Unknown", properties))
    removed = [resource for name, resource in standing.items() if name not in after.resources]
    return changes + [ResourceChange("Remove", each.name, each.type) for each in removed]


def properties_changed(before: Resource, after: Resource) -> Iterator[PropertyChange]:
    """The properties that differ between two states of a resource, at the deepest table that both have."""
    yield from _changed("/Properties", before.properties, after.properties)


def _changed(path: str, before: Any, after: Any) -> Iterator[PropertyChange]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and not _function(before) and not _function(after):
        for key in dict.fromkeys([*before, *after]):
            yield from _changed(f"{path}/{key}", before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changed(f"{path}/{index}", one, other)
    else:
        yield PropertyChange(path, before, after)


def _function(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))
