"""Pure ASGI middleware: request id, access log and metrics, headers, and errors nobody foresaw."""

import re
import time
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accunode_common.http.context import RequestInfo, attach
from accunode_common.http.operations import RouteNames
from accunode_common.http.problems import unexpected
from accunode_common.ids import new_id
from accunode_common.log import get_logger
from accunode_common.telemetry import SYSTEM_PATHS, HttpMetrics

REQUEST_ID_HEADER = "X-Request-ID"

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_API_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
_CLIENT_GONE = 499

logger = get_logger("accunode.access")


class ObserveRequests:
    """Gives each request an id, and writes one log line and one measurement when it is answered."""

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics, routes: RouteNames) -> None:
        self.app = app
        self.metrics = metrics
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        info = RequestInfo(request_id=given if _SANE_REQUEST_ID.fullmatch(given) else str(new_id()))
        attach(scope, info)
        status = _CLIENT_GONE

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = info.request_id
                for name, value in info.reply_headers.items():
                    headers.setdefault(name, value)
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=info.request_id)
        self.metrics.started()
        began = time.perf_counter()
        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - began
            route = self.routes.of(scope)
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self.metrics.finished(method=method, route=route, status=status, seconds=seconds)
            write = logger.debug if scope["path"] in SYSTEM_PATHS else logger.info
            write(
                "request",
                method=method,
                route=route,
                path=_path_without_values(route, scope["path"]),
                status=status,
                milliseconds=round(seconds * 1000, 2),
                client=(scope.get("client") or ("",))[0],
            )
            structlog.contextvars.clear_contextvars()


def _path_without_values(route: str, path: str) -> str | None:
    """The route's template with the ids of `path`: other parameters are values, such as e-mail addresses."""
    parts = path.split("/")
    template = route.split("/")
    if len(parts) != len(template):
        return None
    shown = (part if _ID.fullmatch(part) else name for part, name in zip(parts, template, strict=True))
    return "/".join(shown)


class SecurityHeaders:
    """Headers that keep browsers from guessing, framing, caching or leaking.

    Args:
        app: The application.
        strict_transport: Whether browsers shall come by HTTPS only from now on.
        policies: Content-Security-Policies of pages, by path; anything else may load and do nothing.
    """

    def __init__(self, app: ASGIApp, *, strict_transport: bool, policies: Mapping[str, str] | None = None) -> None:
        self.app = app
        self.policies = policies or {}
        self.headers = {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        if strict_transport:
            self.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                policy = self.policies.get(scope["path"], _API_CONTENT_POLICY)
                headers.setdefault("Content-Security-Policy", policy)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class CatchUnexpected:
    """Turns an error that no handler knows into a problem, inside the middleware that adds headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception as error:
            reply = unexpected(Request(scope), error)
            if started:
                raise
            await reply(scope, receive, send)
