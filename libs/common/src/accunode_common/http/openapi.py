"""The OpenAPI document: every operation says which problems it can answer with, and shows an example of its bodies."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from accunode_common.http.examples import Examples, NoExampleError
from accunode_common.http.operations import Operation, operations
from accunode_common.http.problems import MEDIA_TYPE, Problem

_TITLES = {
    400: "The request cannot be read.",
    401: "No access token, or one that is void.",
    403: "The caller may see this, but not do it.",
    404: "There is no such thing, or none that the caller may see.",
    408: "The body came too slowly.",
    409: "The state of things, or an Idempotency-Key used before, does not allow this.",
    410: "The token was used, or its time is over.",
    412: "The resource has changed since the caller read it.",
    413: "The body is too large.",
    415: "The body is of a kind that is not read here.",
    422: "The input is not acceptable; `errors` says what, where and why.",
    429: "Too many requests; `Retry-After` says when to come back.",
    500: "The server failed; the log has the request under its id.",
    503: "Something that the request needs is down; try again.",
    507: "There is no room for what was sent; nothing of it was kept.",
}
_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: problems beyond those that every such route can answer with."""
    return {status: _problem_response(status) for status in statuses}


def _problem_response(status: int) -> dict[str, Any]:
    return {"description": _TITLES[status], "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}


def _problems(operation: Operation) -> set[int]:
    statuses = {422, 500, 503, 429}
    if not operation.public:
        statuses |= {401, 403}
    if "{" in operation.path:
        statuses.add(404)
    if operation.method in _WRITES:
        statuses |= {400, 408, 409, 413}
    if operation.method in {"PUT", "PATCH", "DELETE"}:
        statuses.add(412)
    return statuses


def _describe_nullable(schemas: Mapping[str, dict[str, Any]]) -> None:
    """Say of a field that can be null what its type says of the values that are not."""
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            match field:
                case {"anyOf": [dict(given), {"type": "null"}]}:
                    for key in ("description", "examples"):
                        if key in given:
                            field.setdefault(key, given.pop(key))


def _bodies(operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for status, reply in operation["responses"].items():
        if status.startswith("2"):
            yield from reply.get("content", {}).values()


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = document.setdefault("components", {}).setdefault("schemas", {})
    for stale in ("HTTPValidationError", "ValidationError"):
        components.pop(stale, None)
    schema = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    components.update(schema.pop("$defs", {}))
    components["Problem"] = schema
    _describe_nullable(components)
    examples = Examples(components)
    for operation in operations(app):
        if not operation.in_schema:
            continue
        described = document["paths"][operation.path][operation.method.lower()]
        for body in _bodies(described):
            with suppress(NoExampleError):
                body.setdefault("example", examples.of(body["schema"]))
        described["responses"].pop("422", None)
        for status in sorted(_problems(operation)):
            described["responses"].setdefault(str(status), _problem_response(status))
        if operation.permissions:
            described["x-permissions"] = sorted(operation.permissions)
        if operation.step_up:
            described["x-step-up"] = True
    return document


def install(app: FastAPI) -> None:
    """Make `app.openapi()` the document above, built once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
