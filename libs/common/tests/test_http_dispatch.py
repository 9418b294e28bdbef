"""Requests reach the routes that FastAPI's own router would choose."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st

from accunode_common.http.application import Application

METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS")
PATHS = (
    "/things/{thing_id}",
    "/things",
    "/things/latest",
    "/things/{thing_id}/parts",
    "/things/latest/parts",
    "/things/{thing_id}/parts/{part_id}",
    "/{kind}/latest",
)
WORDS = ("things", "latest", "parts", "other", "", "a b", "things\n", "7")


def _app(*, dispatched: bool) -> FastAPI:
    """Overlapping routes, of which each answers with its own name and what it read from the path."""
    app = Application() if dispatched else FastAPI(redirect_slashes=False)
    inner, outer = APIRouter(), APIRouter()

    def add(router: APIRouter, method: str, path: str) -> None:
        async def answer(request: Request) -> dict[str, Any]:
            return {"route": f"{method} {path}", "values": dict(request.path_params)}

        router.add_api_route(path, answer, methods=[method])

    for number, path in enumerate(PATHS):
        add(inner if number % 2 else outer, "GET", path)
        if number % 3:
            add(outer, "POST", path)
    outer.include_router(inner)
    app.include_router(outer, prefix="/api")
    return app


@pytest.fixture(scope="module")
def apps() -> tuple[FastAPI, FastAPI]:
    return _app(dispatched=False), _app(dispatched=True)


@given(
    method=st.sampled_from(METHODS),
    parts=st.lists(st.sampled_from(WORDS), max_size=5),
    prefix=st.sampled_from(["/api/", "/api", "/", "/openapi.json"]),
)
async def test_a_request_reaches_the_route_that_the_router_would_choose(
    apps: tuple[FastAPI, FastAPI], method: str, parts: list[str], prefix: str
) -> None:
    replies = [await _ask(app, method, prefix + "/".join(parts)) for app in apps]
    assert replies[0] == replies[1]


async def _ask(app: FastAPI, method: str, path: str) -> tuple[int, str, str | None]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        reply = await client.request(method, quote(path))
        return reply.status_code, reply.text, reply.headers.get("allow")
