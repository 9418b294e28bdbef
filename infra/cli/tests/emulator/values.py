"""What resolving a template leaves to AWS: references to resources, and parameters looked up in the store."""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure):([^:}]+)(?::\d+)?\}\}")


class Values:
    """Finishes values with the resources that are made, as `made[logical name]`."""

    def __init__(self, made: Mapping[str, Any], looked_up: Mapping[str, Any], ssm: Any) -> None:
        self._made = made
        self._looked_up = looked_up
        self._ssm = ssm

    def __call__(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self(each) for each in value]
        if isinstance(value, str):
            return _DYNAMIC.sub(lambda found: self._parameter(found.group(2)), value)
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._looked_up[argument] if argument in self._looked_up else self._made[argument].id
            if name.startswith("Fn::"):
                return self._function(name, argument)
        return {key: self(each) for key, each in value.items()}

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Fn::GetAtt":
                return self._made[argument[0]].attribute(argument[1])
            case "Fn::Join":
                return argument[0].join(str(each) for each in self(argument[1]))
            case "Fn::Split":
                return self(argument[1]).split(argument[0])
            case "Fn::Select":
                return self(argument[1])[int(argument[0])]
            case "Fn::Base64":
                return base64.b64encode(self(argument).encode()).decode()
            case "Fn::Sub":
                return self._sub(argument)
            case "Fn::ImportValue":
                raise LookupError(f"No export named {argument} found.")
        raise LookupError(f"{name} is not emulated")

    def _sub(self, argument: Any) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument

        def replaced(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return "${" + name + "}"
            if name in given:
                return str(self(given[name]))
            resource, dot, attribute = name.partition(".")
            return str(self({"Fn::GetAtt": [resource, attribute]} if dot else {"Ref": name}))

        return self(_VARIABLE.sub(replaced, text))

    def _parameter(self, name: str) -> str:
        try:
            return self._ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        except self._ssm.exceptions.ParameterNotFound:
            raise LookupError(f"Secrets {name} not found in the parameter store.") from None


def references(value: Any) -> Iterator[str]:
    """The logical names that a resolved value refers to."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "Ref":
                yield each
            elif key == "Fn::GetAtt":
                yield each[0]
            elif key == "Fn::Sub":
                text, given = (each, {}) if isinstance(each, str) else each
                yield from (name.partition(".")[0] for literal, name in _VARIABLE.findall(text) if not literal)
                yield from references(given)
            else:
                yield from references(each)
