"""The local gateway: one process that answers for all four services by the path table.

In the cloud the load balancer's rules do this from the same table, and each service has processes of its own.
"""

import asyncio
import importlib
import json
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import httpx
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from accunode_common.db.access import DatabaseRole
from accunode_common.http import problems
from accunode_common.http.application import Application
from accunode_common.http.machinery import shows_token
from accunode_common.http.middleware import Exchange, SecurityHeaders
from accunode_common.http.operations import RouteNames
from accunode_common.http.representations import NegotiateRepresentations
from accunode_common.log import configure_logging
from accunode_common.routing import API_PREFIX, SERVICES, Service
from accunode_common.serve import settle
from accunode_common.settings import LogSettings
from accunode_common.telemetry import HttpMetrics
from accunode_devstack.endpoints import read_endpoints
from accunode_devstack.errors import DevstackError
from accunode_devstack.openapi import merge_documents
from accunode_devstack.state import STATE_VARIABLE, State

OPENAPI_PATH = f"{API_PREFIX}/openapi.json"
DOCS_PATH = f"{API_PREFIX}/docs"
ASSETS_PATH = f"{DOCS_PATH}/assets"
DOCS_SCRIPT_PATH = f"{DOCS_PATH}/start.js"
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Scripts come from files of this server only. The page's styles are partly set on its elements by its script."""
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)

ROLES = {
    "auth": DatabaseRole.AUTH,
    "tenants": DatabaseRole.TENANTS,
    "predictions": DatabaseRole.PREDICTIONS,
    "bulk-upload": DatabaseRole.BULK,
}


@dataclass(frozen=True)
class Mounted:
    """A service's application in this process."""

    service: Service
    app: FastAPI


class Gateway:
    """An ASGI application that hands each request to the service with the longest matching prefix."""

    def __init__(self, mounted: Sequence[Mounted], metrics_token: str | None = None) -> None:
        self._mounted = tuple(mounted)
        self._metrics_token = metrics_token
        self._by_prefix = sorted(
            ((prefix, each.app) for each in mounted for prefix in each.service.prefixes),
            key=lambda pair: len(pair[0]),
            reverse=True,
        )
        alive = {"status": "alive", "services": [each.service.name for each in mounted]}
        self._alive = json.dumps(alive, separators=(",", ":"))
        self._own = self._own_app()
        self._document: dict[str, Any] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._own if scope["type"] == "lifespan" else self._app_for(scope["path"])
        await app(scope, receive, send)

    def _app_for(self, path: str) -> FastAPI:
        for prefix, app in self._by_prefix:
            if path == prefix or path.startswith(f"{prefix}/"):
                return app
        return self._own

    def _own_app(self) -> FastAPI:
        """What the gateway answers itself: the merged documentation, health, and that a path is nobody's."""
        headers = SecurityHeaders(strict_transport=False, policies={DOCS_PATH: DOCS_POLICY})
        app = Application(
            title="AccuNode",
            openapi_url=None,
            lifespan=self._lifespan,
            middleware=[
                Middleware(Exchange, metrics=HttpMetrics("gateway"), routes=RouteNames(), headers=headers),
                Middleware(NegotiateRepresentations),
            ],
        )
        problems.install(app)
        for path, answer in {
            "/": self._home,
            OPENAPI_PATH: self._openapi,
            DOCS_PATH: self._docs,
            DOCS_SCRIPT_PATH: self._docs_script,
            "/health": self._health,
            "/ready": self._ready,
            "/metrics/{service}": self._metrics,
        }.items():
            app.add_route(path, answer)
        # The documentation's scripts come from a package: the page works without a way to the internet.
        app.mount(ASSETS_PATH, StaticFiles(packages=[("fastapi_offline", "static")]))
        return app

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            for each in self._mounted:
                await running.enter_async_context(each.app.router.lifespan_context(each.app))
            yield

    async def _home(self, _: Request) -> Response:
        return RedirectResponse(DOCS_PATH)

    async def _openapi(self, _: Request) -> Response:
        if self._document is None:
            self._document = merge_documents([each.app.openapi() for each in self._mounted])
        return JSONResponse(self._document)

    async def _docs(self, _: Request) -> Response:
        return HTMLResponse(_INLINE.sub(f'<script src="{DOCS_SCRIPT_PATH}"></script>', self._page()))

    async def _docs_script(self, _: Request) -> Response:
        return Response("".join(_INLINE.findall(self._page())), media_type="text/javascript")

    @staticmethod
    def _page() -> str:
        page = get_swagger_ui_html(
            openapi_url=OPENAPI_PATH,
            title="AccuNode",
            swagger_js_url=f"{ASSETS_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS_PATH}/favicon.png",
        )
        return bytes(page.body).decode()

    async def _health(self, _: Request) -> Response:
        return Response(self._alive, media_type="application/json")

    async def _ready(self, request: Request) -> Response:
        self._refuse_strangers(request)
        replies = await asyncio.gather(*(self._ask(each.app, "/ready") for each in self._mounted))
        services = {each.service.name: reply.json() for each, reply in zip(self._mounted, replies, strict=True)}
        ready = all(reply.status_code == httpx.codes.OK for reply in replies)
        content = {"status": "ready" if ready else "not_ready", "services": services}
        return JSONResponse(content, status_code=200 if ready else 503)

    async def _metrics(self, request: Request) -> Response:
        self._refuse_strangers(request)
        for each in self._mounted:
            if each.service.name == request.path_params["service"]:
                reply = await self._ask(each.app, "/metrics")
                return PlainTextResponse(reply.text, media_type=reply.headers["content-type"])
        raise HTTPException(404)

    def _refuse_strangers(self, request: Request) -> None:
        if self._metrics_token is None or not shows_token(request, self._metrics_token):
            raise HTTPException(404)

    async def _ask(self, app: FastAPI, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {self._metrics_token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", trust_env=False) as client:
            return await client.get(path, headers=headers)


def build_gateway(values: Mapping[str, Mapping[str, str]]) -> Gateway:
    """The gateway over the services of the path table; `values` holds each one's settings by service name."""
    mounted = [Mounted(service, _build(service, values[service.name])) for service in SERVICES]
    return Gateway(mounted, values[SERVICES[0].name].get("metrics_token"))


def create() -> Gateway:
    """The gateway of the running stack: the factory that uvicorn calls.

    Raises DevstackError when the stack's addresses are not there.
    """
    endpoints = read_endpoints(State(Path(os.environ[STATE_VARIABLE])))
    if endpoints is None:
        raise DevstackError("The stack's addresses are missing: start the gateway with `make up`.")
    configure_logging(LogSettings.from_environment(), service="gateway")
    gateway = build_gateway({name: endpoints.values(role) for name, role in ROLES.items()})
    settle()
    return gateway


def _build(service: Service, values: Mapping[str, str]) -> FastAPI:
    create_app = importlib.import_module(f"{service.package}.app").create_app
    settings = get_type_hints(create_app)["settings"].from_values(values)
    app: FastAPI = create_app(settings)
    return app
