"""What requests of each class ask of PostgreSQL and Redis, exactly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis.asyncio.connection as connections
from tests.applications import Running

from accunode_common.testing.people import World
from accunode_common.testing.statements import sent_statements

PREDICTION = {
    "company": {"name": "Acme"},
    "access_level": "organization",
    "ratios": {"return_on_assets": 3, "net_income_margin": 3, "total_debt_to_ebitda": 2.0},
}
ANYBODY, NOBODY, STRANGER = "anybody who signed in", "without a token", "with a token that is none"
REQUESTS = {
    # service, method, path, caller: status, statements (the one that begins the transaction among them), trips to Redis
    ("auth", "GET", "/health", NOBODY): (200, 0, 0),
    ("auth", "GET", "/.well-known/jwks.json", NOBODY): (200, 0, 0),
    ("auth", "GET", "/api/v1/users/me", ANYBODY): (200, 2, 1),
    ("auth", "GET", "/api/v1/users/me", NOBODY): (401, 0, 0),
    ("auth", "GET", "/api/v1/users/me", STRANGER): (401, 0, 0),
    ("auth", "GET", "/api/v1/users/nobody/at/all", ANYBODY): (404, 0, 0),
    ("auth", "PUT", "/api/v1/users/me", ANYBODY): (405, 0, 0),
    ("predictions", "GET", "/api/v1/companies?limt=3", ANYBODY): (422, 0, 0),
    ("predictions", "GET", "/api/v1/models", ANYBODY): (200, 2, 1),
    ("predictions", "POST", "/api/v1/predictions/annual", ANYBODY): (201, 4, 1),
    ("bulk-upload", "GET", "/api/v1/bulk-uploads", ANYBODY): (200, 2, 1),
    ("bulk-upload", "GET", "/api/v1/bulk-uploads/templates/annual?format=csv", ANYBODY): (200, 0, 1),
}


@contextmanager
def trips_to_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """What the block sends to Redis: an entry for each time that it then waits for the answer."""
    sent: list[object] = []
    send = connections.AbstractConnection.send_packed_command

    async def note(self: Any, command: object, check_health: bool = True) -> None:
        sent.append(command)
        await send(self, command, check_health)

    with monkeypatch.context() as patch:
        patch.setattr(connections.AbstractConnection, "send_packed_command", note)
        yield sent


@pytest.mark.parametrize(("service", "method", "path", "caller"), REQUESTS)
async def test_a_request_makes_no_more_round_trips_than_it_needs(
    services: list[Running],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    method: str,
    path: str,
    caller: str,
) -> None:
    monkeypatch.setattr("accunode_predictions.serving.service.REFRESH_SECONDS", 3600)
    running = next(each for each in services if each.application.service.name == service)
    client = running.client.as_(world.one.org_member) if caller is ANYBODY else running.client.http
    headers = {"Authorization": "Bearer x.y.z"} if caller is STRANGER else {}
    bodies = [{"json": {**PREDICTION, "fiscal_year": year}} if method == "POST" else {} for year in (2023, 2024)]
    # What is known from an earlier call is known here as well.
    await client.request(method, path, headers=headers, **bodies[0])
    status, statements, trips = REQUESTS[service, method, path, caller]
    with sent_statements() as sent, trips_to_redis(monkeypatch) as asked:
        reply = await client.request(method, path, headers=headers, **bodies[1])
    assert reply.status_code == status, reply.text
    assert (len(sent), len(asked)) == (statements, trips)


async def test_a_reply_that_the_client_has_takes_as_many(
    services: list[Running], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictions = next(each for each in services if each.application.service.name == "predictions")
    client = predictions.client.as_(world.one.org_member)
    tag = (await client.get("/api/v1/models")).headers["etag"]
    with sent_statements() as sent, trips_to_redis(monkeypatch) as asked:
        reply = await client.get("/api/v1/models", headers={"If-None-Match": tag})
    assert reply.status_code == 304
    assert (len(sent), len(asked)) == (2, 1)
