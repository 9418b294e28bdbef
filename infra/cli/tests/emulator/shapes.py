"""Fits a resource's properties to the parameters of an API call, by botocore's own model of the call."""

import json
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


@cache
def operation(service: str, method: str) -> Any:
    """The model of the operation that boto3 calls `method`."""
    found = model(service)
    return next(found.operation_model(name) for name in found.operation_names if xform_name(name) == method)


def request(service: str, method: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties that the call takes, spelled and typed as it takes them."""
    shape = operation(service, method).input_shape
    return fit(shape, properties) if shape is not None else {}


def fit(shape: Any, value: Any) -> Any:
    match shape.type_name:
        case "structure":
            members = {name.lower(): name for name in shape.members}
            return {
                members[key.lower()]: fit(shape.members[members[key.lower()]], each)
                for key, each in value.items()
                if key.lower() in members
            }
        case "list":
            return [fit(shape.member, each) for each in (value if isinstance(value, list) else [value])]
        case "map":
            if isinstance(value, list):
                value = {each["Key"]: each["Value"] for each in value}
            return {key: fit(shape.value, each) for key, each in value.items()}
        case "integer" | "long":
            return int(value)
        case "float" | "double":
            return float(value)
        case "boolean":
            return value in (True, "true", "True")
        case "blob":
            return value.encode() if isinstance(value, str) else value
        case _:
            return text(value)


def text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
