"""Requests made to cost more than they weigh: refused at once, and in a few words."""

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from http_app import create_app
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import DateTime, Uuid, column
from starlette.exceptions import HTTPException

from accunode_common.db.access import DatabaseRole
from accunode_common.errors import FieldError, UnprocessableInputError
from accunode_common.http.bodies import BodyLimits, LimitBody
from accunode_common.http.cursors import decode
from accunode_common.settings import VerifierSettings
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import World
from accunode_common.testing.plugin import SettingsFactory
from accunode_common.testing.problems import assert_problem

THINGS = "/api/v1/things"
LARGEST_REPLY = 40_000
JSON = {"Content-Type": "application/json"}


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


BODIES: dict[str, bytes] = {
    "unknown fields": _json({f"f{number}": 1 for number in range(45_000)}),
    "some unknown fields": _json({f"f{number}": 1 for number in range(5_000)}),
    "long names": _json({"n" * 500_000: 1, "m" * 400_000: 2}),
    "a long text": _json({"name": 5, "seats": "9" * 900_000}),
    "a long number": b'{"name": "a", "seats": ' + b"9" * 900_000 + b"}",
    "a long fraction": b'{"name": "a", "seats": 0.' + b"5" * 900_000 + b"}",
    "a large exponent": b'{"name": "a", "seats": 1e999999999}',
    "deep lists": b"[" * 500_000,
    "deep and whole lists": b'{"name": ' + b"[" * 9_000 + b"]" * 9_000 + b"}",
    "deep objects": b'{"a":' * 200_000,
    "a list": _json([{}] * 5_000),
    "repeated fields": b"{" + b",".join([b'"name": 1'] * 9_000) + b"}",
    "NaN": b'{"name": "a", "seats": NaN}',
    "infinity": b'{"name": "a", "seats": -Infinity}',
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "half a pair": b'{"name": 1, "seats": "\\ud800"}',
    "nothing": b"",
    "spaces": b" " * 1_000_000,
}


@pytest.fixture(scope="module")
async def roomy(make_settings: SettingsFactory, issuer: TestIssuer) -> AsyncIterator[ServiceClient]:
    """The service with the limits that it has unless others are set."""
    async with running(create_app(make_settings(VerifierSettings, DatabaseRole.TENANTS), issuer.source)) as client:
        yield client


@pytest.mark.parametrize("name", BODIES)
async def test_a_costly_body_gets_a_short_refusal(roomy: ServiceClient, world: World, name: str) -> None:
    reply = await roomy.as_(world.one.tenant_admin).post(THINGS, content=BODIES[name], headers=JSON)
    assert 400 <= reply.status_code < 500, reply.text
    assert len(reply.content) < LARGEST_REPLY


async def test_many_faults_are_named_up_to_a_hundred_and_the_rest_is_counted(
    roomy: ServiceClient, world: World
) -> None:
    body = {"name": "a", **{f"f{number}": 1 for number in range(2_000)}}
    reply = await roomy.as_(world.one.tenant_admin).post(THINGS, json=body)
    problem = assert_problem(reply, 422)
    assert len(problem["errors"]) == 101
    assert problem["errors"][-1] == {
        "pointer": "/body",
        "code": "more_faults",
        "message": "1,900 more things are wrong; mend these first.",
    }
    assert problem["detail"].startswith("More than 100 things are wrong")


async def test_many_unknown_parameters_are_named_up_to_a_hundred(things: ServiceClient) -> None:
    reply = await things.http.get(f"{THINGS}/public", params={f"p{number}": "1" for number in range(3_000)})
    problem = assert_problem(reply, 422)
    assert len(problem["errors"]) == 101
    assert problem["errors"][-1]["pointer"] == "/query"


@pytest.mark.parametrize("count", [0, 1, 100, 101, 102, 5_000])
def test_no_error_lists_more_than_a_hundred_faults_and_a_count(count: int) -> None:
    error = UnprocessableInputError("Wrong.", errors=[FieldError(f"/body/{n}", "c", "m") for n in range(count)])
    assert len(error.errors) == min(count, 101)


async def test_an_altered_cursor_is_refused_as_such(things: ServiceClient, world: World) -> None:
    admin = things.as_(world.one.tenant_admin)
    for name in ("a", "b", "c"):
        assert (await admin.post(THINGS, json={"name": name})).status_code == 201

    async def listed(cursor: str | None = None) -> httpx.Response:
        params = {"limit": "1", "sort": "-created_at", **({} if cursor is None else {"cursor": cursor})}
        return await admin.get(THINGS, params=params)

    given_out = (await listed()).json()["next_cursor"]
    assert (await listed(given_out)).status_code == 200
    parts = json.loads(base64.urlsafe_b64decode(given_out + "=" * (-len(given_out) % 4)))
    odd: list[Any] = [5, -1, 10**30, 1e308, None, True, [], {}, "", "\0", "\ud800", "x", "0001-01-01T00:00:00+14:00"]
    odd += ["9999-12-31T23:59:59.999999-14:00", "NaN", [[[]]], "00000000-0000-0000-0000-000000000000", "2020-01-01"]
    altered = [
        base64.urlsafe_b64encode(json.dumps([*parts[:place], value, *parts[place + 1 :]]).encode()).decode()
        for place in range(len(parts))
        for value in odd
    ]
    chance = random.Random(7)
    altered += [
        given_out[:place] + chance.choice("Aaz_-9") + given_out[place + 1 :] for place in range(0, len(given_out), 3)
    ]
    altered += ["[" * 1_000, base64.urlsafe_b64encode(b"[" * 1_400).decode(), given_out + "=", given_out[:-1], "\u00e9"]
    for each in altered:
        if each != given_out:
            assert_problem(await listed(each), 422, pointer="/query/cursor")


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300) | st.lists(st.text(max_size=9), max_size=4).map(lambda parts: json.dumps(parts).encode())
)
def test_no_text_is_taken_for_a_cursor(content: bytes) -> None:
    columns = [column("at", DateTime(timezone=True)), column("id", Uuid())]
    with pytest.raises(UnprocessableInputError):
        decode(base64.urlsafe_b64encode(content).decode(), "a list", columns)


@pytest.mark.parametrize("path", ["/ready", "/metrics"])
async def test_only_the_machinery_is_told_how_a_service_is(
    things: ServiceClient, make_settings: SettingsFactory, issuer: TestIssuer, path: str
) -> None:
    assert (await things.machinery(path)).status_code == 200
    assert_problem(await things.http.get(path), 404)
    secret = "a token of some length"
    guarded = create_app(make_settings(VerifierSettings, DatabaseRole.TENANTS, metrics_token=secret), issuer.source)
    async with running(guarded) as app:
        assert (await app.machinery(path)).status_code == 404
        assert (await app.http.get(path, headers={"Authorization": "Bearer wrong"})).status_code == 404
        assert (await app.http.get(path, headers={"Authorization": f"Bearer {secret}"})).status_code == 200
        assert (await app.http.get("/health")).status_code == 200


async def test_a_service_has_no_documentation_page_of_its_own(things: ServiceClient) -> None:
    for path in ("/docs", "/redoc"):
        assert (await things.http.get(path)).status_code == 404


Pieces = list[tuple[float, bytes]]


async def _read_slowly(pieces: Pieces, idle_seconds: float) -> int:
    """How much an application reads of a body that comes in pieces, each after a pause; it ends with an empty one."""
    waiting, size = list(pieces), 0

    async def application(_scope: Any, receive: Callable[[], Any], _send: Any) -> None:
        nonlocal size
        more = True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        pause, content = waiting.pop(0)
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": content, "more_body": content != b""}

    limited = LimitBody(application, limits=BodyLimits(10_000, {}), idle_seconds=idle_seconds)
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    await asyncio.wait_for(limited(scope, receive, None), 5)  # type: ignore[arg-type]
    return size


@pytest.mark.parametrize("pieces", [[], [(0.0, b"x")], [(0.0, b"x" * 100)] * 3, [(0.02, b"x")] * 200])
async def test_a_body_that_stops_or_drips_is_cut_off(pieces: Pieces) -> None:
    with pytest.raises(HTTPException) as cut:
        await _read_slowly(pieces, idle_seconds=0.1)
    assert cut.value.status_code == 408


async def test_a_body_that_comes_steadily_is_read_however_long_it_takes() -> None:
    assert await _read_slowly([(0.02, b"x" * 100)] * 20 + [(0.0, b"")], idle_seconds=0.5) == 2_000
