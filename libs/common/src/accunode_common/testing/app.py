"""An application in the test's own process, with its lifespan, reached over ASGI without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from accunode_common.testing.people import Caller


class ServiceClient:
    """Calls one application.

    Attributes:
        app: The application.
        http: A client without a caller.
    """

    def __init__(self, app: FastAPI, http: httpx.AsyncClient) -> None:
        self.app = app
        self.http = http

    async def machinery(self, path: str) -> httpx.Response:
        """GET as the machinery on the same machine does, straight and without a proxy."""
        transport = httpx.ASGITransport(app=self.app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://accunode.test") as http:
            return await http.get(path)

    def as_(self, caller: Caller | None) -> "CallerClient":
        """The same application as one caller sees it; None for nobody."""
        return CallerClient(self.http, caller)


class CallerClient:
    """Sends requests with one caller's access token."""

    def __init__(self, http: httpx.AsyncClient, caller: Caller | None) -> None:
        self._http = http
        self._headers = caller.headers if caller else {}

    async def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: object
    ) -> httpx.Response:
        """Send a request; `options` are httpx's."""
        return await self._http.request(method, path, headers={**self._headers, **(headers or {})}, **options)  # type: ignore[arg-type]

    async def get(self, path: str, **options: object) -> httpx.Response:
        """GET."""
        return await self.request("GET", path, **options)  # type: ignore[arg-type]

    async def post(self, path: str, **options: object) -> httpx.Response:
        """POST."""
        return await self.request("POST", path, **options)  # type: ignore[arg-type]

    async def put(self, path: str, **options: object) -> httpx.Response:
        """PUT."""
        return await self.request("PUT", path, **options)  # type: ignore[arg-type]

    async def patch(self, path: str, **options: object) -> httpx.Response:
        """PATCH."""
        return await self.request("PATCH", path, **options)  # type: ignore[arg-type]

    async def delete(self, path: str, **options: object) -> httpx.Response:
        """DELETE."""
        return await self.request("DELETE", path, **options)  # type: ignore[arg-type]


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[ServiceClient]:
    """Start the application's lifespan, and stop it in the end."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, client=("203.0.113.7", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://accunode.test", timeout=30) as http:
            yield ServiceClient(app, http)
