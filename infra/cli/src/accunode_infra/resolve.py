"""Resolves a template for given parameters, as far as that goes without AWS.

Parameters, conditions, mappings, `Fn::If`, `Fn::Sub`, `Fn::Join`, `Fn::Select`, `Fn::Split`, `Fn::Cidr` become values.
What only AWS knows stays in the long form, with everything inside it resolved: `{"Ref": "Vpc"}`,
`{"Fn::GetAtt": ["Database", "Endpoint.Address"]}`, `{"Fn::ImportValue": "accunode-production-VpcId"}` when the import
is not given, and every function of such a value.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accunode_infra.errors import RefusedError
from accunode_infra.parameters import Values, checked
from accunode_infra.templates import Template

ACCOUNT = "111122223333"
PSEUDO: Mapping[str, Any] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "stack",
    "AWS::StackId": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/stack/0",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NotificationARNs": [],
}
ZONES = "abc"
"""The zones that `Fn::GetAZs` is taken to find in a region; which letters an account has, only AWS knows."""

_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_NOTHING = object()


@dataclass(frozen=True)
class Resource:
    """A resource that the parameters bring about.

    Attributes:
        name: Its logical name.
        type: Such as `AWS::RDS::DBInstance`.
        properties: Resolved.
        attributes: Everything beside type and properties (`DeletionPolicy`, `Metadata`, `UpdatePolicy`, …), resolved.
    """

    name: str
    type: str
    properties: dict[str, Any]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Resolved:
    """A template for one set of parameters.

    Attributes:
        parameters: Every parameter's value: numbers as numbers, comma lists as lists.
        conditions: Which conditions hold.
        resources: The resources that are made, by logical name.
        outputs: Each output's value.
        exports: Those under whose name other stacks import them, by that name.
        export_names: The name under which each output is exported, by output.
    """

    parameters: dict[str, Any]
    conditions: dict[str, bool]
    resources: dict[str, Resource]
    outputs: dict[str, Any]
    exports: dict[str, Any] = field(default_factory=dict)
    export_names: dict[str, str] = field(default_factory=dict)

    def of_type(self, type_: str) -> list[Resource]:
        """The resources of a type, in the template's order."""
        return [resource for resource in self.resources.values() if resource.type == type_]


def resolve(
    template: Template,
    parameters: Mapping[str, Any] | None = None,
    *,
    imports: Mapping[str, Any] | None = None,
    pseudo: Mapping[str, Any] | None = None,
) -> Resolved:
    """Resolve a template.

    Args:
        parameters: Values by name; the template's defaults stand for the rest.
        imports: Exported values of other stacks by export name.
        pseudo: `AWS::Region` and the like, over those of an example account.

    Raises:
        RefusedError: A parameter is missing, unknown or not allowed, an assertion of `Rules` fails, or the template
            names what it does not have.
    """
    values = checked(template, parameters or {})
    resolver = _Resolver(template, values, imports or {}, {**PSEUDO, **(pseudo or {})})
    resolver.check_rules()
    resources = {}
    for name, body in template["Resources"].items():
        if not resolver.holds(body.get("Condition")):
            continue
        attributes = {key: value for key, value in body.items() if key not in {"Type", "Properties", "Condition"}}
        resources[name] = Resource(
            name,
            body["Type"],
            resolver.value(body.get("Properties") or {}),
            resolver.value(attributes),
        )
    outputs, export_names = {}, {}
    for name, body in template.get("Outputs", {}).items():
        if resolver.holds(body.get("Condition")):
            outputs[name] = resolver.value(body["Value"])
            if "Export" in body:
                export_names[name] = str(resolver.value(body["Export"]["Name"]))
    exports = {export: outputs[name] for name, export in export_names.items()}
    conditions = {name: resolver.holds(name) for name in template.get("Conditions", {})}
    return Resolved(dict(values), conditions, resources, outputs, exports, export_names)


def is_symbolic(value: Any) -> bool:
    """Whether the value is one that only AWS knows."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


class _Resolver:
    def __init__(
        self, template: Template, values: Values, imports: Mapping[str, Any], pseudo: Mapping[str, Any]
    ) -> None:
        self._template = template
        self._values = values
        self._imports = imports
        self._pseudo = pseudo
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.holds,
            "Fn::And": lambda parts: all(self._truth(part) for part in parts),
            "Fn::Base64": lambda text: {"Fn::Base64": self.value(text)},
            "Fn::Cidr": self._cidr,
            "Fn::Contains": lambda two: self.value(two[1]) in self.value(two[0]),
            "Fn::Equals": lambda two: _text(self.value(two[0])) == _text(self.value(two[1])),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAZs": self._zones,
            "Fn::GetAtt": lambda path: {"Fn::GetAtt": path if isinstance(path, list) else path.split(".", 1)},
            "Fn::If": self._if,
            "Fn::ImportValue": self._import,
            "Fn::Join": self._join,
            "Fn::Not": lambda one: not self._truth(one[0]),
            "Fn::Or": lambda parts: any(self._truth(part) for part in parts),
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def value(self, node: Any) -> Any:
        found = self._value(node)
        return None if found is _NOTHING else found

    def holds(self, name: str | None) -> bool:
        if name is None:
            return True
        conditions = self._template.get("Conditions", {})
        if name not in conditions:
            raise RefusedError(f"The template has no condition {name}.")
        return self._truth(conditions[name])

    def check_rules(self) -> None:
        for name, rule in self._template.get("Rules", {}).items():
            if "RuleCondition" in rule and not self._truth(rule["RuleCondition"]):
                continue
            for assertion in rule["Assertions"]:
                if not self._truth(assertion["Assert"]):
                    raise RefusedError(
                        assertion.get("AssertDescription") or f"The template's rule {name} does not hold."
                    )

    def _truth(self, node: Any) -> bool:
        found = self._value(node)
        if not isinstance(found, bool):
            raise RefusedError(f"A condition of the template depends on what only AWS knows: {node}.")
        return found

    def _value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for value in map(self._value, node) if value is not _NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            # `Condition` is also a key of IAM statements, whose argument is a table.
            if name in self._functions and (name != "Condition" or isinstance(argument, str)):
                return self._functions[name](argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                raise RefusedError(f"The template uses {name}, which is not resolved here.")
        resolved = {key: self._value(value) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not _NOTHING}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in self._values:
            return self._values[name]
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._template["Resources"]:
            return {"Ref": name}
        raise RefusedError(f"The template has neither a parameter nor a resource {name}.")

    def _if(self, three: list[Any]) -> Any:
        return self._value(three[1] if self.holds(three[0]) else three[2])

    def _find_in_map(self, path: list[Any]) -> Any:
        name, first, second = (self.value(part) for part in path[:3])
        try:
            return self._template["Mappings"][name][_text(first)][_text(second)]
        except KeyError:
            raise RefusedError(f"The template's mapping {name} has no entry {first}.{second}.") from None

    def _import(self, node: Any) -> Any:
        name = self.value(node)
        return self._imports[name] if isinstance(name, str) and name in self._imports else {"Fn::ImportValue": name}

    def _zones(self, node: Any) -> list[str]:
        region = self.value(node) or self._pseudo["AWS::Region"]
        return [f"{region}{letter}" for letter in ZONES]

    def _join(self, two: list[Any]) -> Any:
        separator, parts = two[0], self.value(two[1])
        if is_symbolic(parts) or any(is_symbolic(part) for part in parts):
            return {"Fn::Join": [separator, parts]}
        return separator.join(_text(part) for part in parts)

    def _split(self, two: list[Any]) -> Any:
        text = self.value(two[1])
        return {"Fn::Split": [two[0], text]} if is_symbolic(text) else _text(text).split(two[0])

    def _select(self, two: list[Any]) -> Any:
        index, items = int(self.value(two[0])), self.value(two[1])
        if is_symbolic(items):
            return {"Fn::Select": [index, items]}
        if not 0 <= index < len(items):
            raise RefusedError(f"The template selects item {index} of {len(items)}.")
        return items[index]

    def _cidr(self, three: list[Any]) -> Any:
        block, count, bits = (self.value(part) for part in three)
        if is_symbolic(block):
            return {"Fn::Cidr": [block, count, bits]}
        subnets = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
        return [str(subnet) for subnet, _ in zip(subnets, range(int(count)), strict=False)]

    def _sub(self, node: Any) -> Any:
        text, given = (node, {}) if isinstance(node, str) else (node[0], node[1])
        extra = {name: self.value(value) for name, value in given.items()}
        found = {
            name: extra[name] if name in extra else self._reference(name.strip())
            for literal, name in _VARIABLE.findall(text)
            if not literal
        }
        symbolic = {name for name, value in found.items() if is_symbolic(value)}

        def replaced(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return match.group() if symbolic else "${" + name + "}"
            return match.group() if name in symbolic else _text(found[name])

        result = _VARIABLE.sub(replaced, text)
        given_symbolic = {name: extra[name] for name in symbolic & set(extra)}
        if given_symbolic:
            return {"Fn::Sub": [result, given_symbolic]}
        return {"Fn::Sub": result} if symbolic else result

    def _reference(self, name: str) -> Any:
        if "." not in name or name.startswith("AWS::"):
            return self._ref(name)
        resource, attribute = name.split(".", 1)
        return {"Fn::GetAtt": [resource, attribute]}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return str(value)
