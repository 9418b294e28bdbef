"""Examples of bodies, put together from those of their fields, so that none is written twice."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zlib import crc32

Schema = Mapping[str, Any]

_EPOCH = 0x0192D6D4000070008000000000000000
_FORMATS = {
    "date-time": "2026-03-31T09:30:00Z",
    "date": "2026-03-31",
    "email": "ada.lovelace@first-national.example",
    "password": "correct horse battery staple",
}


class NoExampleError(LookupError):
    """A field says nothing from which an example follows."""


class Examples:
    """Examples for the schemas of one OpenAPI document.

    A schema's own example comes first, then its default. Enumerations, booleans, identifiers, moments, addresses and
    passwords need neither; an identifier is made of its field's name, so that it is the same everywhere.

    Args:
        schemas: The document's component schemas by name.
    """

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def of(self, schema: Schema, name: str = "") -> Any:
        """An example of the schema of the field `name`.

        Raises:
            NoExampleError: A field has none.
        """
        if "examples" in schema:
            return schema["examples"][0]
        if (given := schema.get("default", schema.get("const"))) is not None:
            return given
        if "$ref" in schema:
            return self.of(self._schemas[schema["$ref"].rsplit("/", 1)[1]], name)
        for choices in ("anyOf", "oneOf"):
            if choices in schema:
                return self.of(schema[choices][0], name)
        if "enum" in schema:
            return schema["enum"][0]
        return self._plain(schema, name)

    def _plain(self, schema: Schema, name: str) -> Any:
        match schema:
            case {"type": "object", "properties": properties}:
                return self._object(properties, frozenset(schema.get("required", ())))
            case {"type": "array", "items": items}:
                return [self.of(items, name)]
            case {"type": "boolean"}:
                return True
            case {"type": "null"}:
                return None
            case {"type": "string", "format": "uuid"}:
                return str(UUID(int=_EPOCH + crc32(name.encode())))
            case {"type": "string", "format": str(text)} if text in _FORMATS:
                return _FORMATS[text]
        raise NoExampleError(name)

    def _object(self, properties: Mapping[str, Schema], required: frozenset[str]) -> dict[str, Any]:
        return {
            name: self.of(schema, name)
            for name, schema in properties.items()
            if name in required or "examples" in schema or schema.get("default") is not None
        }
