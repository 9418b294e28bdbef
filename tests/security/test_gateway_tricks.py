"""No trick with paths, hosts, methods or framing leads through the gateway past a service's own checks."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
import uvicorn
from tests.applications import Running

from accunode_common.testing.people import World
from accunode_devstack.gateway import Gateway, Mounted

API = "/api/v1"
LONGEST_WAIT = 3.0
Served = tuple[str, int]


@pytest.fixture(scope="module")
def gateway(services: list[Running]) -> Gateway:
    """The gateway over the running services."""
    return Gateway([Mounted(each.application.service, each.application.app) for each in services])


@pytest.fixture(scope="module")
async def served(gateway: Gateway) -> AsyncIterator[Served]:
    """The gateway behind a socket, by the server that runs it; the services' lifespans run already."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(gateway, host="127.0.0.1", port=port, lifespan="off", log_config=None, timeout_keep_alive=2)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.wait({task}, timeout=0.02)
    yield "127.0.0.1", port
    server.should_exit = True
    await task


async def spoken(served: Served, text: str) -> list[int]:
    """The statuses that the gateway answers to bytes on one connection, until it closes or waits for more."""
    reader, writer = await asyncio.open_connection(*served)
    writer.write(text.encode("latin-1"))
    await writer.drain()
    answered = b""
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_WAIT):
            while chunk := await reader.read(65536):
                answered += chunk
    writer.close()
    lines = answered.decode("latin-1").split("\r\n")
    return [int(line.split()[1]) for line in lines if line.startswith("HTTP/1.1 ")]


def said(method: str, path: str, *headers: str, body: str = "", host: str = "accunode.test") -> str:
    """A request as it goes over the wire."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", body])


PATHS = (
    f"/{API}/tenants",
    f"{API}//tenants",
    f"{API}/companies/../tenants",
    f"{API}/companies/%2e%2e/tenants",
    f"{API}/companies/..%2ftenants",
    f"{API}/companies%2f..%2ftenants",
    f"{API}/companies/.%2e/.%2e/tenants",
    f"{API}/companies/..;/tenants",
    f"{API}/companies;/../tenants",
    f"{API}/companies/%252e%252e/tenants",
    f"{API}/companies\\..\\tenants",
    f"{API}/./tenants",
    f"{API}/tenants/.",
    f"{API}/tenants%00",
    f"{API}/tenants%20",
    f"{API}/TENANTS",
    f"{API}/tenants/%2f",
    f"{API}/companies/..%5ctenants",
    f"{API}/%74enants",
)


@pytest.mark.parametrize("path", PATHS)
async def test_no_path_trick_lists_the_tenants(served: Served, world: World, path: str) -> None:
    """To a member of an organization; the gateway decodes as its services do, so an encoded letter is no trick."""
    token = f"Authorization: Bearer {world.one.org_member.token}"
    statuses = await spoken(served, said("GET", path, token, "Connection: close"))
    assert statuses
    assert set(statuses) <= {307, 400, 403, 404, 405, 422}


@pytest.mark.parametrize("path", PATHS)
async def test_no_path_trick_needs_no_token(served: Served, path: str) -> None:
    statuses = await spoken(served, said("GET", path, "Connection: close"))
    assert statuses
    assert set(statuses) <= {307, 400, 401, 404, 405, 422}


@pytest.mark.parametrize(
    "header",
    [
        "X-HTTP-Method-Override: GET",
        "X-HTTP-Method: DELETE",
        "X-Method-Override: DELETE",
        "X-Original-URL: /health",
        "X-Rewrite-URL: /health",
        "X-Forwarded-Prefix: /health",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Host: accunode.internal",
        "X-Real-IP: 127.0.0.1",
        "Forwarded: for=127.0.0.1;host=internal;proto=https",
        "X-Internal: true",
        "X-Authenticated-User: admin",
    ],
)
async def test_no_header_stands_in_for_a_token(served: Served, header: str) -> None:
    statuses = await spoken(served, said("GET", f"{API}/users/me", header, "Connection: close"))
    assert statuses == [401]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "accunode.test:99999", "evil.example#accunode.test"])
async def test_no_reply_repeats_a_false_host(gateway: Gateway, world: World, host: str) -> None:
    transport = httpx.ASGITransport(app=gateway)
    headers = {"Host": host, "X-Forwarded-Host": host, "X-Forwarded-Proto": "gopher"}
    async with httpx.AsyncClient(transport=transport, base_url="http://accunode.test") as http:
        for path in ("/", f"{API}/users/me", f"{API}/companies/", f"{API}/nothing", f"{API}/openapi.json"):
            reply = await http.get(path, headers={**headers, **world.one.org_member.headers})
            assert reply.status_code < 500
            assert "evil.example" not in reply.text, path
            assert not reply.headers.get("Location", "").startswith("gopher"), path


_CHUNKED = "0\r\n\r\n"
_INNER = f"GET {API}/users/me HTTP/1.1\r\nHost: accunode.test\r\nX: "


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 0, 44",),
        ("Content-Length: +5",),
        ("Content-Length: -1",),
        ("Content-Length: 0x5",),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding: \x0bchunked",),
        ("Transfer-Encoding: chunked, identity",),
    ],
    ids=lambda headers: "; ".join(headers).replace("\x0b", "VT"),
)
async def test_an_ambiguous_body_smuggles_no_request_as_the_next_one_on_the_connection(
    served: Served, headers: tuple[str, ...]
) -> None:
    """Either the first request is refused and the connection ends, or what follows is the first one's body."""
    text = said("POST", f"{API}/auth/login", "Content-Type: application/json", *headers, body=_CHUNKED + _INNER)
    statuses = await spoken(served, text)
    assert statuses, "it answers"
    assert all(400 <= status < 500 for status in statuses)
    assert len(statuses) <= 2


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "OPTIONS"])
async def test_an_odd_method_does_nothing(served: Served, world: World, method: str) -> None:
    token = f"Authorization: Bearer {world.one.org_member.token}"
    statuses = await spoken(served, said(method, f"{API}/companies", token, "Connection: close"))
    assert statuses
    assert set(statuses) <= {400, 401, 403, 404, 405, 501}
