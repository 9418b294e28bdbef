"""Creating predictions: what is stored, what is refused, and what happens once."""

from collections.abc import Callable
from typing import Any

import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_scoring import Kind, ModelLibrary

PATH = "/api/v1/predictions/annual"
Body = Callable[..., dict[str, Any]]


async def test_a_created_prediction_is_scored_stored_and_found_at_its_location(
    api: ServiceClient, world: World, annual_body: Body
) -> None:
    client = api.as_(world.one.org_member)
    reply = await client.post(PATH, json=annual_body(access_level="organization"))
    assert reply.status_code == 201, reply.text
    made = reply.json()
    score = ModelLibrary.load().champion(Kind.ANNUAL).score(annual_body()["ratios"])
    assert made["pd"] == pytest.approx(score.pd, rel=1e-12)
    assert made["pd"] <= made["pd_2y"] <= made["pd_3y"]
    assert made["grade"] == score.grade
    assert made["reason_codes"] == [reason.code for reason in score.reasons[:4]]
    assert made["organization_id"] == str(world.one.organization_id)
    assert reply.headers["location"] == f"{PATH}/{made['id']}"
    assert reply.headers["etag"] == '"1"'
    found = await client.get(reply.headers["location"])
    assert found.json() == made
    assert found.headers["etag"] == '"1"'


async def test_every_role_stores_and_reads_its_own_personal_records(
    api: ServiceClient, caller: Caller, annual_body: Body
) -> None:
    reply = await api.as_(caller).post(PATH, json=annual_body())
    assert reply.status_code == 201, reply.text
    assert reply.json()["access_level"] == "personal"
    assert (await api.as_(caller).get(reply.headers["location"])).status_code == 200
