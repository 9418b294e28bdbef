"""A tenant's own master scale."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem

SCALE = [
    {"name": "A", "upper": 0.01, "midpoint": 0.004, "risk_level": "LOW"},
    {"name": "B-", "upper": 0.1, "midpoint": 0.03, "risk_level": "MEDIUM"},
    {"name": "C", "upper": 1.0, "midpoint": 0.3, "risk_level": "HIGH"},
]


def _with(place: int, **changes: Any) -> list[dict[str, Any]]:
    return [{**grade, **(changes if number == place else {})} for number, grade in enumerate(SCALE)]


async def test_a_tenants_admin_sets_the_scale_and_goes_back_to_the_default(
    tenants: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    client, path = tenants.as_(world.one.tenant_admin), f"/api/v1/tenants/{world.one.id}"
    assert (await client.get(path)).json()["master_scale"] is None
    reply = await client.patch(path, json={"master_scale": SCALE})
    assert (reply.status_code, reply.json()["master_scale"]) == (200, SCALE)
    again = await client.patch(path, json={"settings": {"default_seats": 7}})
    assert again.json()["master_scale"] == SCALE
    emptied = await client.patch(path, json={"master_scale": None})
    assert (emptied.status_code, emptied.json()["master_scale"]) == (200, None)
    stored = superuser.execute("select master_scale is null from tenancy.tenants where id = %s", [world.one.id])
    assert stored.fetchone() == (True,)


async def test_grades_without_a_level_have_that_of_their_mid_point(
    tenants: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    client, path = tenants.as_(world.one.tenant_admin), f"/api/v1/tenants/{world.one.id}"
    bare = [{name: grade[name] for name in ("name", "upper", "midpoint")} for grade in SCALE]
    reply = await client.patch(path, json={"master_scale": bare})
    assert [grade["risk_level"] for grade in reply.json()["master_scale"]] == ["LOW", "HIGH", "CRITICAL"]
    # As one was stored before grades had levels.
    superuser.execute("update tenancy.tenants set master_scale = %s where id = %s", [Jsonb(bare), world.one.id])
    assert (await client.get(path)).json()["master_scale"] == reply.json()["master_scale"]
    falling = [SCALE[0], bare[1], {**SCALE[2], "risk_level": "LOW"}]
    assert_problem(await client.patch(path, json={"master_scale": falling}), 422)


async def test_only_the_tenants_administrators_set_it(tenants: ServiceClient, world: World) -> None:
    path = f"/api/v1/tenants/{world.one.id}"
    for caller in (world.one.org_admin, world.one.org_member, world.user):
        assert_problem(await tenants.as_(caller).patch(path, json={"master_scale": SCALE}), 403)
    assert_problem(await tenants.as_(world.two.tenant_admin).patch(path, json={"master_scale": SCALE}), 404)


WRONG = {
    "no grade": [],
    "one grade": SCALE[2:],
    "bounds that fall": [SCALE[1], SCALE[0], SCALE[2]],
    "a last bound below 1": SCALE[:2],
    "a name twice": _with(1, name="A"),
    "a name without letters": _with(1, name="<b>"),
    "a mid-point outside": _with(1, midpoint=0.5),
    "a bound of 0": _with(0, upper=0),
    "a bound above 1": _with(2, upper=2),
    "an unknown field": _with(0, lower=0),
    "text": "AAA",
    "a level that falls": _with(0, risk_level="CRITICAL"),
    "no level": _with(0, risk_level="SAFE"),
}


@pytest.mark.parametrize("scale", WRONG.values(), ids=WRONG)
async def test_what_is_no_scale_is_refused(tenants: ServiceClient, world: World, scale: Any) -> None:
    path = f"/api/v1/tenants/{world.one.id}"
    reply = await tenants.as_(world.one.tenant_admin).patch(path, json={"master_scale": scale})
    assert_problem(reply, 422)
    assert (await tenants.as_(world.one.tenant_admin).get(path)).json()["master_scale"] is None
