"""Checks parameters against what a template allows, as CloudFormation does before it starts."""

import re
from collections.abc import Mapping
from typing import Any

from accunode_infra.errors import RefusedError
from accunode_infra.templates import Template

Values = Mapping[str, Any]
"""Parameters by name: text, a number for `Number`, a list for the list types; see `checked`."""


def checked(template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter's value: what is given, else the template's default.

    A parameter that CloudFormation looks up in the parameter store stays `{"Ref": name}`.

    Raises:
        RefusedError: A parameter is missing, unknown or not allowed.
    """
    declared: Mapping[str, Any] = template.get("Parameters", {})
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise RefusedError(f"The template has no parameter {', '.join(unknown)}.")
    values = {}
    for name, declaration in declared.items():
        if name not in given and "Default" not in declaration:
            raise RefusedError(
                f"The parameter {name} has no default: give it with --set STACK.{name}=…, or in the --parameters file."
            )
        values[name] = _value(name, declaration, given.get(name, declaration.get("Default")))
    return values


def _value(name: str, declaration: Mapping[str, Any], given: Any) -> Any:
    kind = declaration["Type"]
    if kind.startswith("AWS::SSM::Parameter::Value"):
        return {"Ref": name}
    text = ",".join(map(str, given)) if isinstance(given, list) else _plain(given)
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        items = [item.strip() for item in text.split(",")] if text else []
        for item in items:
            _refuse_item(name, declaration, item)
        return [_number(name, item) for item in items] if kind == "List<Number>" else items
    _refuse_item(name, declaration, text)
    return _number(name, text) if kind == "Number" else text


def _refuse_item(name: str, declaration: Mapping[str, Any], text: str) -> None:
    allowed = [_plain(value) for value in declaration.get("AllowedValues", [])]
    why = None
    if allowed and text not in allowed:
        why = f"it is one of {', '.join(allowed)}"
    elif "AllowedPattern" in declaration and not re.fullmatch(declaration["AllowedPattern"], text):
        why = f"it must match {declaration['AllowedPattern']}"
    elif not int(declaration.get("MinLength", 0)) <= len(text) <= int(declaration.get("MaxLength", 4096)):
        why = f"it has {declaration.get('MinLength', 0)} to {declaration.get('MaxLength', 4096)} characters"
    elif "MinValue" in declaration and _number(name, text) < float(declaration["MinValue"]):
        why = f"it is {declaration['MinValue']} or more"
    elif "MaxValue" in declaration and _number(name, text) > float(declaration["MaxValue"]):
        why = f"it is {declaration['MaxValue']} or less"
    if why is not None:
        shown = "what was given" if declaration.get("NoEcho") else repr(text)
        raise RefusedError(
            f"The parameter {name} cannot be {shown}: {declaration.get('ConstraintDescription') or why}."
        )


def _number(name: str, text: str) -> int | float:
    try:
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
    except ValueError:
        raise RefusedError(f"The parameter {name} must be a number, and {text!r} is none.") from None


def _plain(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
