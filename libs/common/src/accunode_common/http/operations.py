"""What an application answers: its operations, who may call each, and the names that metrics use."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import Scope

from accunode_common.auth.roles import Permission
from accunode_common.http.callers import CallerScheme, Requires, in_person, stepped_up
from accunode_common.http.idempotency import ApiRoute
from accunode_common.http.parameters import query_parameters


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        method: The HTTP method.
        path: The path template.
        name: What it is called: its id in the OpenAPI document.
        endpoint: The handler.
        permissions: What the caller needs.
        public: Whether nobody need be signed in.
        in_person: Whether its signature names anybody who signed in.
        step_up: Whether the caller must have shown lately who they are.
        parameters: The names of the query parameters it knows.
        in_schema: Whether the OpenAPI document has it.
        keeps_replies: Whether it honours `Idempotency-Key`.
    """

    method: str
    path: str
    name: str
    endpoint: Callable[..., Any]
    permissions: frozenset[Permission]
    public: bool
    in_person: bool
    step_up: bool
    parameters: frozenset[str]
    in_schema: bool
    keeps_replies: bool


def calls_of(dependant: Dependant) -> Iterator[Any]:
    """A handler, and everything that it depends on."""
    yield dependant.call
    for inner in dependant.dependencies:
        yield from calls_of(inner)


def operations(app: FastAPI) -> list[Operation]:
    """Every operation of `app` but the ones that Starlette adds by itself."""
    found: list[Operation] = []
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute):
            continue
        calls = list(calls_of(context.dependant))
        needed = frozenset(p for call in calls if isinstance(call, Requires) for p in call.permissions)
        found.extend(
            Operation(
                method=method,
                path=context.path_format or "",
                name=context.original_route.name,
                endpoint=context.original_route.endpoint,
                permissions=needed,
                public=not any(isinstance(call, CallerScheme) for call in calls),
                in_person=in_person in calls,
                step_up=stepped_up in calls,
                parameters=query_parameters(context.dependant),
                in_schema=bool(context.include_in_schema),
                keeps_replies=isinstance(context.original_route, ApiRoute),
            )
            for method in sorted(context.methods or ())
        )
    return found


def check(app: FastAPI) -> None:
    """Hold every operation of `app` to what all of them must be.

    Raises:
        ValueError: One does not come from `api_router`, has another's name, or opens a transaction of its caller
            without naming who may call.
    """
    names: set[str] = set()
    for operation in operations(app):
        called, name = f"{operation.method} {operation.path}", operation.name
        if not operation.keeps_replies:
            raise ValueError(f"{called} does not come from api_router().")
        if name in names:
            raise ValueError(f"Two operations are named {name}.")
        if not (operation.public or operation.permissions or operation.in_person):
            raise ValueError(f"{called} has a caller, and names neither requires() nor CurrentSubject.")
        names.add(name)


def public_operations(app: FastAPI) -> set[tuple[str, str]]:
    """Method and path of every operation that anybody may call."""
    return {(operation.method, operation.path) for operation in operations(app) if operation.public}


class RouteNames:
    """The path template of the route that answered a request."""

    def __init__(self) -> None:
        self._by_endpoint: dict[Any, str] = {}

    def learn(self, app: FastAPI) -> None:
        """Take the names of the routes that `app` has now."""
        self._by_endpoint = {operation.endpoint: operation.path for operation in operations(app)}

    def of(self, scope: Scope) -> str:
        """The template, or `unmatched`: raw paths would make a time series each."""
        return self._by_endpoint.get(scope.get("endpoint"), "unmatched")
