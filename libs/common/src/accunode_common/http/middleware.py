"""Pure ASGI middleware: request id, access log and metrics, headers, and errors nobody foresaw."""

import re
import time
from collections.abc import Mapping

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accunode_common.http.context import RequestInfo, attach
from accunode_common.http.operations import RouteNames
from accunode_common.http.problems import unexpected
from accunode_common.ids import new_id
from accunode_common.log import get_logger
from accunode_common.telemetry import SYSTEM_PATHS, HttpMetrics

REQUEST_ID_HEADER = "X-Request-ID"

_REQUEST_ID = REQUEST_ID_HEADER.lower().encode()
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_API_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"
_CLIENT_GONE = 499
_Headers = list[tuple[bytes, bytes]]

logger = get_logger("accunode.access")


class Exchange:
    """What a request and its reply have whatever is asked: an id, headers, one log line, one measurement.

    An error that no handler knows becomes a problem.

    Args:
        app: The application.
        metrics: Where requests are counted and timed.
        routes: The names of its routes.
        headers: What each reply is given.
    """

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics, routes: RouteNames, headers: "SecurityHeaders") -> None:
        self.app = app
        self.metrics = metrics
        self.routes = routes
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        info = RequestInfo(request_id=_request_id(scope["headers"]))
        attach(scope, info)
        status = _CLIENT_GONE
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                message["headers"] = self.headers.complete(list(message["headers"]), info, scope["path"])
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=info.request_id)
        self.metrics.started()
        began = time.perf_counter()
        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            reply = unexpected(Request(scope), error)
            if started:
                raise
            await reply(scope, receive, send_with_headers)
        finally:
            self._note(scope, status, time.perf_counter() - began)
            structlog.contextvars.clear_contextvars()

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route, path = self.routes.of(scope), scope["path"]
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self.metrics.finished(method=method, route=route, status=status, seconds=seconds)
        write = logger.debug if path in SYSTEM_PATHS else logger.info
        write(
            "request",
            method=method,
            route=route,
            path=route if path == route else _path_without_values(route, path),
            status=status,
            milliseconds=round(seconds * 1000, 2),
            client=(scope.get("client") or ("",))[0],
        )


def _request_id(headers: _Headers) -> str:
    """The one that the client gave, if it is fit."""
    for name, value in headers:
        if name == _REQUEST_ID:
            given = value.decode("latin-1")
            return given if _SANE_REQUEST_ID.fullmatch(given) else str(new_id())
    return str(new_id())


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
        strict_transport: Whether browsers shall come by HTTPS only from now on.
        policies: Content-Security-Policies of pages, by path; anything else may load and do nothing.
    """

    def __init__(self, *, strict_transport: bool, policies: Mapping[str, str] | None = None) -> None:
        headers = {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        if strict_transport:
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        self._headers = [_encoded(*header) for header in headers.items()]
        policy = "Content-Security-Policy"
        self._policies = {path: _encoded(policy, value) for path, value in (policies or {}).items()}
        self._policy = _encoded(policy, _API_CONTENT_POLICY)

    def complete(self, headers: _Headers, info: RequestInfo, path: str) -> _Headers:
        """A reply's headers with the request's own and with these, where it has none of that name."""
        added = [(_REQUEST_ID, info.request_id.encode("latin-1"))]
        added += [_encoded(*header) for header in info.reply_headers.items()]
        added += self._headers
        added.append(self._policies.get(path, self._policy))
        present = {name for name, _ in headers}
        headers += [header for header in added if header[0] not in present]
        return headers


def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    return name.lower().encode("latin-1"), value.encode("latin-1")
