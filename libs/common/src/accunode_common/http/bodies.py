"""What bodies may be at most: so large, so slow, and of so many values. Beyond that they are not read to their end."""

import asyncio
import re
import time
from collections.abc import Mapping
from functools import cached_property

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accunode_common.errors import PayloadTooLargeError
from accunode_common.http.operations import public_operations
from accunode_common.http.problems import render
from accunode_common.routing import API_PREFIX

PUBLIC_BYTES = 16 * 1024
"""A body that anybody may send: credentials and addresses are no longer."""

MOST_VALUES = 20_000
"""Commas, colons and brackets in a JSON body, counted before it is parsed."""

SLOWEST_BYTES_PER_SECOND = 1024

_ANYBODYS = f"{API_PREFIX}/auth/"
_CLOSE = {"Connection": "close"}


class BodyLimits:
    """How many bytes each route accepts.

    Args:
        default: Bytes accepted where nothing else is said.
        routes: Bytes accepted by single routes, by method and exact path.
    """

    def __init__(self, default: int, routes: Mapping[tuple[str, str], int]) -> None:
        self._default = default
        self._routes = routes
        self._public: list[tuple[str, re.Pattern[str]]] = []

    def learn(self, app: FastAPI) -> None:
        """Take from `app` which routes of signing in and registering are public."""
        self._public = [
            (method, compile_path(path)[0]) for method, path in public_operations(app) if path.startswith(_ANYBODYS)
        ]

    def of(self, scope: Scope) -> int:
        """The most bytes that the request may have."""
        method, path = scope["method"], scope["path"]
        if any(method == known and pattern.match(path) for known, pattern in self._public):
            return min(PUBLIC_BYTES, self._default)
        return self._routes.get((method, path), self._default)


class LimitBody:
    """Refuses a body beyond its limits: at once if its length is declared, else as soon as it is.

    Args:
        app: The application.
        limits: Bytes by route.
        idle_seconds: How long the sender may be silent; besides, it must not fall behind 1 KiB a second for longer.
    """

    def __init__(self, app: ASGIApp, *, limits: BodyLimits, idle_seconds: float) -> None:
        self.app = app
        self.limits = limits
        self.idle_seconds = idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(scope, receive, self.limits, self.idle_seconds)
        declared = body.headers.get(b"content-length", b"").lstrip(b"0")
        if declared.isdigit() and (len(declared) > 15 or int(declared) > body.limit):
            reply = render(Request(scope), PayloadTooLargeError(body.too_large, headers=_CLOSE))
            await reply(scope, receive, send)
            return
        await self.app(scope, body.receive, send)


class _Body:
    """One request's body as it arrives. FastAPI passes on HTTPException while it reads one, and hides other errors."""

    def __init__(self, scope: Scope, receive: Receive, limits: BodyLimits, idle_seconds: float) -> None:
        self.headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self._scope = scope
        self._receive = receive
        self._limits = limits
        self._idle_seconds = idle_seconds
        self._whole = False
        self._received = self._values = 0
        self._waited = 0.0

    @cached_property
    def limit(self) -> int:
        """The most bytes that it may have: looked up only where there is a body."""
        return self._limits.of(self._scope)

    @property
    def too_large(self) -> str:
        """What is said of one with more."""
        return f"The body may have at most {self.limit} bytes."

    async def receive(self) -> Message:
        """The next message.

        Raises:
            HTTPException: The body is too large, has too many values, or comes too slowly.
        """
        if self._whole:
            return await self._receive()
        message = await self._in_time()
        if message["type"] != "http.request":
            return message
        content = message.get("body", b"")
        self._whole = not message.get("more_body", False)
        self._received += len(content)
        if content and self._received > self.limit:
            raise HTTPException(413, self.too_large, headers=_CLOSE)
        if content and b"json" in self.headers.get(b"content-type", b""):
            self._values += sum(content.count(sign) for sign in (b",", b":", b"[", b"{"))
            if self._values > MOST_VALUES:
                raise HTTPException(
                    413, f"The body has more than {MOST_VALUES:,} values; send fewer at once.", headers=_CLOSE
                )
        return message

    async def _in_time(self) -> Message:
        earned = self._idle_seconds + self._received / SLOWEST_BYTES_PER_SECOND - self._waited
        began = time.monotonic()
        try:
            async with asyncio.timeout(min(self._idle_seconds, earned)):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(
                408,
                f"The body came too slowly: nothing for {self._idle_seconds:g} seconds, or less than 1 KiB a second; "
                "send it again.",
                headers=_CLOSE,
            ) from None
        finally:
            self._waited += time.monotonic() - began
