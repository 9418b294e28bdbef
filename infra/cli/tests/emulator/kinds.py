"""How a type of resource is made, changed and deleted by plain API calls."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.cli.tests.emulator.shapes import operation, request

Properties = dict[str, Any]


@dataclass
class Made:
    """A resource that was made: its physical id, what `Fn::GetAtt` gives, and the properties it was made with."""

    id: str
    attributes: dict[str, Any] = field(default_factory=dict)
    properties: Properties = field(default_factory=dict)
    type: str = ""
    policy: str = "Delete"

    def attribute(self, name: str) -> Any:
        if name in self.attributes:
            return self.attributes[name]
        raise LookupError(f"The resource {self.id} does not support the attribute {name}.")


@dataclass(frozen=True)
class Place:
    """Where a resource is made: clients, the stack's name, the logical name, account and region."""

    client: Callable[[str], Any]
    stack: str
    name: str
    account: str
    region: str

    def generated(self, longest: int = 128) -> str:
        """The name that a resource without one gets. Stable, so that tests can read it."""
        full = f"{self.stack}-{self.name}"
        if len(full) <= longest:
            return full
        return f"{full[: longest - 9].rstrip('-')}-{hashlib.sha256(full.encode()).hexdigest()[:8]}"

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"


@dataclass(frozen=True)
class Kind:
    """A type of resource.

    Attributes:
        create: Makes it.
        update: Changes it where it is; None when every change replaces it.
        delete: Takes it away.
        replaces: Properties whose change replaces it; `*` for all.
    """

    create: Callable[[Place, Properties], Made]
    update: Callable[[Place, Made, Properties], None] | None = None
    delete: Callable[[Place, Made], None] | None = None
    replaces: frozenset[str] = frozenset()


KINDS: dict[str, Kind] = {}


def call(place: Place, service: str, method: str, properties: Properties) -> Any:
    """Call an operation with the properties that it takes."""
    return getattr(place.client(service), method)(**request(service, method, properties))


def dig(found: Any, path: str) -> Any:
    """The value at a path such as `Vpc.VpcId` or `Groups.0.Arn`."""
    for part in path.split("."):
        found = found[int(part)] if part.isdigit() else found[part]
    return found


def tagged(service: str, method: str, properties: Properties, resource_type: str | None) -> Properties:
    """Tags as the call takes them: EC2's have the resource's type beside them."""
    if resource_type is None or "Tags" not in properties:
        return properties
    members = operation(service, method).input_shape.members
    if "TagSpecifications" not in members:
        return properties
    specification = [{"ResourceType": resource_type, "Tags": properties["Tags"]}]
    return {key: value for key, value in properties.items() if key != "Tags"} | {"TagSpecifications": specification}


def simple(
    type_: str,
    service: str,
    create: str,
    id_: str,
    *,
    attributes: Mapping[str, str] | None = None,
    update: str | None = None,
    delete: str | None = None,
    key: str = "",
    name: str | None = None,
    longest: int = 128,
    tags: str | None = None,
    rename: Mapping[str, str] | None = None,
    replaces: str = "",
) -> None:
    """Enter a type that one call makes.

    Args:
        id_: Where the physical id is: a path into the answer, or `=Property` for one of the properties.
        attributes: The same for each attribute of `Fn::GetAtt`.
        key: The parameter of `update` and `delete` that names the resource.
        name: The property that names it, generated when the template gives none.
        tags: EC2's word for the type, for its tag specifications.
        rename: Parameters of the call by the property that gives them.
        replaces: Properties, separated by spaces, whose change replaces it.
    """

    def prepared(place: Place, properties: Properties, method: str) -> Properties:
        found = dict(properties)
        if name is not None:
            found.setdefault(name, place.generated(longest))
        for property_, parameter in (rename or {}).items():
            if property_ in found:
                found[parameter] = found.pop(property_)
        return tagged(service, method, found, tags)

    def read(answer: Any, properties: Properties, path: str) -> Any:
        if path.startswith("="):
            renamed = (rename or {}).get(path[1:], path[1:])
            return properties[renamed]
        return dig(answer, path)

    def make(place: Place, properties: Properties) -> Made:
        given = prepared(place, properties, create)
        answer = call(place, service, create, given)
        found = {each: read(answer, given, path) for each, path in (attributes or {}).items()}
        return Made(str(read(answer, given, id_)), found, properties)

    def change(place: Place, made: Made, properties: Properties) -> None:
        if update is not None:
            call(place, service, update, prepared(place, properties, update) | {key: made.id})

    def remove(place: Place, made: Made) -> None:
        if delete is not None:
            call(place, service, delete, {key: made.id})

    KINDS[type_] = Kind(make, change, remove, frozenset(replaces.split()))


def kind(type_: str, *, replaces: str = "") -> Callable[[type], type]:
    """Enter a type whose class has `create`, and may have `update` and `delete`, as static methods."""

    def enter(functions: type) -> type:
        KINDS[type_] = Kind(
            functions.create,  # type: ignore[attr-defined]
            getattr(functions, "update", None),
            getattr(functions, "delete", None),
            frozenset(replaces.split()),
        )
        return functions

    return enter


def noted(type_: str, arn: str, *, attributes: tuple[str, ...] = ()) -> None:
    """Enter a type whose API moto lacks: it is kept in mind, and made nowhere."""

    def make(place: Place, properties: Properties) -> Made:
        id_ = place.arn(*arn.split(":", 1)).replace("NAME", place.generated(64))
        return Made(id_, dict.fromkeys(attributes, id_), properties)

    KINDS[type_] = Kind(make, lambda *_: None, lambda *_: None)
