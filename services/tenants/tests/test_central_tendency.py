"""A tenant's long-run default rates."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import World
from accunode_common.testing.problems import assert_problem


def _path(tenant_id: Any, kind: str = "annual") -> str:
    return f"/api/v1/tenants/{tenant_id}/central-tendencies/{kind}"


def _day(offset: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


async def test_a_rate_counts_from_its_day_and_what_was_set_is_kept(tenants: ServiceClient, world: World) -> None:
    client, path = tenants.as_(world.one.tenant_admin), _path(world.one.id)
    assert (await client.get(path)).json() == {"kind": "annual", "rate": None, "effective_from": None, "history": []}
    first = (await client.put(path, json={"rate": 0.02})).json()
    assert (first["rate"], first["effective_from"]) == (0.02, _day(0))
    later = (await client.put(path, json={"rate": 0.04, "effective_from": _day(3)})).json()
    assert (later["rate"], [step["rate"] for step in later["history"]]) == (0.02, [0.04, 0.02])
    again = (await client.put(path, json={"rate": 0.03, "effective_from": _day(0)})).json()
    assert (again["rate"], [step["rate"] for step in again["history"]]) == (0.03, [0.04, 0.03, 0.02])
    back = (await client.put(path, json={"rate": None})).json()
    assert (back["rate"], back["effective_from"]) == (None, _day(0))
    assert (await client.get(path)).json() == back
    assert {step["set_by"] for step in back["history"]} == {str(world.one.tenant_admin.user_id)}
    assert (await client.get(_path(world.one.id, "statement"))).json()["history"] == []


async def test_the_platform_sets_it_too_and_the_trail_says_who_did(
    tenants: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    body = {"rate": 0.015, "effective_from": _day(1)}
    assert (await tenants.as_(world.super_admin).put(_path(world.one.id), json=body)).status_code == 200
    event = superuser.execute(
        "select tenant_id, actor_id, details from audit.events where action = 'tenant.central_tendency'"
        " order by id desc limit 1"
    ).fetchone()
    assert event is not None
    assert event[:2] == (world.one.id, world.super_admin.user_id)
    assert event[2] == {"kind": "annual", **body}


async def test_nobody_else_reads_or_sets_it(tenants: ServiceClient, world: World) -> None:
    path = _path(world.one.id)
    for caller in (world.one.org_admin, world.one.org_member, world.user):
        assert_problem(await tenants.as_(caller).get(path), 403)
        assert_problem(await tenants.as_(caller).put(path, json={"rate": 0.02}), 403)
    assert_problem(await tenants.as_(world.two.tenant_admin).get(path), 404)
    assert_problem(await tenants.as_(world.two.tenant_admin).put(path, json={"rate": 0.02}), 404)
    assert (await tenants.as_(world.one.tenant_admin).get(path)).json()["history"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"rate": 0.02, "effective_from": "2020-01-01"}, "/body/effective_from"),
        ({"rate": 0.00001}, "/body/rate"),
        ({"rate": 0.9}, "/body/rate"),
        ({"rate": "high"}, "/body/rate"),
        ({}, "/body/rate"),
    ],
)
async def test_what_is_no_rate_or_a_day_that_is_over_is_refused(
    tenants: ServiceClient, world: World, body: dict[str, Any], pointer: str
) -> None:
    client = tenants.as_(world.one.tenant_admin)
    assert_problem(await client.put(_path(world.one.id), json=body), 422, pointer=pointer)
    assert (await client.get(_path(world.one.id))).json()["history"] == []


async def test_what_was_set_is_never_changed_or_removed(superuser: psycopg.Connection) -> None:
    granted = superuser.execute(
        "select distinct privilege_type from information_schema.role_table_grants"
        " where table_name = 'central_tendencies' and grantee like 'accunode_%' and grantee <> 'accunode_migrator'"
    ).fetchall()
    assert {row[0] for row in granted} == {"SELECT", "INSERT"}
