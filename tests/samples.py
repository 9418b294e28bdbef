"""Small valid values made from JSON schemas, for requests that nobody wrote by hand."""

from typing import Any
from uuid import UUID

_FORMATS = {
    "email": "somebody@nowhere.example",
    "date-time": "2024-05-06T07:08:09Z",
    "date": "2024-05-06",
    "uuid": str(UUID(int=0x0192D6D400007000800000000000BEEF)),
    "password": "a long new secret 7",
    "binary": "company\n",
}


def resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference names, or the schema itself."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def sample(schema: dict[str, Any], document: dict[str, Any], *, whole: bool = False) -> Any:
    """A value that fits the schema: required properties only, unless it has none or the `whole` is wanted."""
    schema = resolve(schema, document)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("examples"):
        return schema["examples"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sample(next(s for s in schema[choice] if s.get("type") != "null"), document, whole=whole)
    match schema.get("type"):
        case "object":
            return _object(schema, document, whole=whole)
        case "array":
            return [sample(schema["items"], document)] * max(1, schema.get("minItems", 0))
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "string":
            return _string(schema)
    return None


def _object(schema: dict[str, Any], document: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    properties = schema.get("properties", {})
    names = list(properties) if whole else schema.get("required", []) or list(properties)[:1]
    return {name: sample(properties[name], document) for name in names}


def _number(schema: dict[str, Any]) -> Any:
    lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return min(max(lowest, 1), schema.get("maximum", lowest + 1))


def _string(schema: dict[str, Any]) -> str:
    text = _FORMATS.get(schema.get("format", ""), "sample-text")
    if len(text) < schema.get("minLength", 0):
        text = text.ljust(schema["minLength"], "x")
    return text[: schema.get("maxLength", len(text))]
