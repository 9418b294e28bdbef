"""In which order resources are made, and what changes between two states of a stack."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.cli.tests.emulator.kinds import KINDS
from infra.cli.tests.emulator.shapes import text
from infra.cli.tests.emulator.values import references

from accunode_infra.resolve import Resolved, Resource


class InvalidError(Exception):
    """What the API answers as a ValidationError."""


def in_order(resolved: Resolved) -> list[Resource]:
    ordered: dict[str, Resource] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        resource = resolved.resources.get(name)
        if resource is None or name in ordered:
            return
        if name in above:
            raise InvalidError(f"Circular dependency between resources: [{', '.join(above)}]")
        wanted = resource.attributes.get("DependsOn", [])
        for other in [*([wanted] if isinstance(wanted, str) else wanted), *references(resource.properties)]:
            visit(other, (*above, name))
        ordered[name] = resource

    for name in resolved.resources:
        visit(name, ())
    return list(ordered.values())


def replaced(names: frozenset[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)} - {"Tags"}
    return bool(changed) if "*" in names else bool(changed & names)


def changes_of(before: Resolved | None, after: Resolved) -> Iterator[dict[str, Any]]:
    """The changes as DescribeChangeSet gives them; like AWS, also of what refers to something replaced."""
    standing = before.resources if before is not None else {}
    anew_names: set[str] = set()
    for resource in in_order(after):
        was = standing.get(resource.name)
        if was is None:
            yield _change("Add", resource)
            continue
        names = [
            key
            for key in dict.fromkeys([*was.properties, *resource.properties])
            if was.properties.get(key) != resource.properties.get(key)
            or anew_names & set(references(resource.properties.get(key)))
        ]
        if not names:
            continue
        kind = KINDS.get(resource.type)
        anew = kind is None or kind.update is None or replaced(kind.replaces, was.properties, resource.properties)
        if anew:
            anew_names.add(resource.name)
        details = [
            {
                "Target": {
                    "Attribute": "Properties",
                    "Name": key,
                    "Path": f"/Properties/{key}",
                    "RequiresRecreation": "Always" if anew else "Never",
                    **_value("BeforeValue", was.properties.get(key)),
                    **_value("AfterValue", resource.properties.get(key)),
                },
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            }
            for key in names
        ]
        yield _change("Modify", resource, Replacement="True" if anew else "False", Details=details)
    for name, resource in standing.items():
        if name not in after.resources:
            yield _change("Remove", resource)


def _value(key: str, value: Any) -> dict[str, str]:
    return {} if value is None else {key: text(value)}


def _change(action: str, resource: Resource, **more: Any) -> dict[str, Any]:
    found = {"Action": action, "LogicalResourceId": resource.name, "ResourceType": resource.type, **more}
    return {"Type": "Resource", "ResourceChange": found}
