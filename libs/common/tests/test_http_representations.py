"""JSON is compressed where the client can read that, and not sent again to who has it."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from accunode_common.http.representations import SMALLEST, NegotiateRepresentations

ROWS = [{"name": f"Company {number}"} for number in range(100)]


async def rows(request: Request) -> Response:
    return JSONResponse(ROWS, status_code=201 if request.method == "POST" else 200)


async def versioned(_: Request) -> Response:
    return JSONResponse(ROWS, headers={"ETag": '"3"'})


async def few(_: Request) -> Response:
    return JSONResponse(ROWS[:2])


async def page(_: Request) -> Response:
    return Response("x" * 2 * SMALLEST, media_type="text/csv")


async def stream(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"[" + b" " * SMALLEST
        yield b"]"

    return StreamingResponse(parts(), media_type="application/json")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    paths = {"/rows": rows, "/versioned": versioned, "/few": few, "/page": page, "/stream": stream}
    app = NegotiateRepresentations(
        Starlette(routes=[Route(path, answer, methods=["GET", "POST"]) for path, answer in paths.items()])
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers={"accept-encoding": ""}) as made:
        yield made


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "deflate,GZIP"])
async def test_json_is_compressed_for_who_accepts_it(client: httpx.AsyncClient, accepted: str) -> None:
    async with client.stream("GET", "/rows", headers={"accept-encoding": accepted}) as reply:
        sent = b"".join([part async for part in reply.aiter_raw()])
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.headers["vary"] == "Accept-Encoding"
    assert int(reply.headers["content-length"]) == len(sent) < SMALLEST
    assert gzip.decompress(sent) == (await client.get("/rows")).content


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0"])
async def test_json_is_sent_as_it_is_to_who_does_not(client: httpx.AsyncClient, accepted: str) -> None:
    reply = await client.get("/rows", headers={"accept-encoding": accepted})
    assert "content-encoding" not in reply.headers
    assert reply.json() == ROWS


@pytest.mark.parametrize("path", ["/few", "/page", "/stream"])
async def test_what_is_small_or_no_json_or_a_stream_passes_as_it_is(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path, headers={"accept-encoding": "gzip"})
    assert reply.status_code == 200
    assert not {"content-encoding", "etag"} & set(reply.headers)


async def test_what_the_client_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/rows")).headers["etag"]
    again = await client.get("/rows", headers={"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert not {"content-type", "content-length"} & set(again.headers)
    assert (await client.get("/rows", headers={"if-none-match": '"other"'})).json() == ROWS


@pytest.mark.parametrize(("method", "path"), [("POST", "/rows"), ("GET", "/versioned")])
async def test_a_write_and_a_resource_with_a_version_are_always_sent(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    tag = (await client.get(path)).headers["etag"]
    reply = await client.request(method, path, headers={"if-none-match": tag})
    assert reply.json() == ROWS
