"""Finds the operation that a request is for. FastAPI tries one route after the other, and each of them twice."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.convertors import Convertor
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


class _Target(NamedTuple):
    """A route, as its application answers it."""

    pattern: re.Pattern[str]
    convertors: Mapping[str, Convertor[Any]]
    app: ASGIApp
    endpoint: Callable[..., Any] | None
    route: Route


_Found = tuple[_Target, dict[str, Any]]


class Dispatch:
    """Stands before an application's router, and hands each request to the route that the router would choose.

    It refuses what no route answers, unless there are mounted applications: then it leaves that to the router.

    Args:
        app: The application, with all its routes.
    """

    def __init__(self, app: FastAPI) -> None:
        self._router: ASGIApp = app.router
        self._targets: list[_Target] = []
        self._of_method: dict[str, list[_Target]] = {}
        self._mounts = False
        plain = set()
        for context in iter_route_contexts(app.routes):
            route = context.original_route
            if not isinstance(route, Route) or context.app is None:
                self._mounts = True
                continue
            target = _Target(context.path_regex, context.param_convertors, context.app, context.endpoint, route)
            self._targets.append(target)
            for method in context.methods or ():
                self._of_method.setdefault(method, []).append(target)
                if not target.convertors:
                    plain.add((method, context.path or ""))
        self._plain = {(method, path): _first(self._of_method[method], path) for method, path in plain}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope.get("root_path"):
            await self._router(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        found = self._plain.get((method, path)) or _first(self._of_method.get(method, ()), path)
        if found is not None:
            target = _select(scope, found)
            await target.app(scope, receive, send)
        elif self._mounts:
            await self._router(scope, receive, send)
        elif (found := _first(self._targets, path)) is not None:
            target = _select(scope, found)
            raise HTTPException(405, headers={"Allow": ", ".join(target.route.methods or ())})
        else:
            raise HTTPException(404)


def _first(targets: Sequence[_Target], path: str) -> _Found | None:
    """The first that fits, and the values of the path's parameters."""
    for target in targets:
        if (match := target.pattern.match(path)) is not None:
            return target, {name: target.convertors[name].convert(text) for name, text in match.groupdict().items()}
    return None


def _select(scope: Scope, found: _Found) -> _Target:
    """Tell the request which route is its own."""
    target, values = found
    scope["endpoint"], scope["path_params"], scope["route"] = target.endpoint, dict(values), target.route
    return target
