import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from accunode_common.audit_chain import seal
from accunode_common.auth.roles import Role
from accunode_common.db.access import DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.database import TestDatabase
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.problems import assert_problem
from accunode_tenants.trail import repository

EVENTS = "/api/v1/audit-events"


@pytest.fixture
async def eventful(tenants: ServiceClient, world: World) -> World:
    """Both tenants did something."""
    for tenant in (world.one, world.two):
        client = tenants.as_(tenant.tenant_admin)
        await client.patch(f"/api/v1/tenants/{tenant.id}", json={"settings": {"contact_email": "=cmd()"}})
        await client.post("/api/v1/organizations", json={"name": "Leasing"})
        await tenants.as_(tenant.org_admin).post(
            f"/api/v1/organizations/{tenant.organization_id}/whitelist", json={"email": "a@b.example"}
        )
    return world


def seal_all(database: TestDatabase) -> None:
    with psycopg.connect(database.url(DatabaseRole.RELAY), autocommit=True) as relay:
        while seal(relay) == 500:
            pass


async def test_a_tenants_admin_reads_the_tenants_trail(tenants: ServiceClient, eventful: World) -> None:
    found = (await tenants.as_(eventful.one.tenant_admin).get(EVENTS, params={"with_total": "true"})).json()
    assert found["total"] == 3
    assert [event["action"] for event in found["items"]] == ["whitelist.add", "organization.create", "tenant.update"]
    assert {event["tenant_id"] for event in found["items"]} == {str(eventful.one.id)}
    newest = found["items"][0]
    assert newest["actor_id"] == str(eventful.one.org_admin.user_id)
    assert (newest["actor_role"], newest["ip_address"]) == ("org_admin", "203.0.113.7")
    assert newest["request_id"]


async def test_the_trail_is_filtered(tenants: ServiceClient, eventful: World) -> None:
    client, one = tenants.as_(eventful.one.tenant_admin), eventful.one
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    for params, count in [
        ({"actor_id": str(one.org_admin.user_id)}, 1),
        ({"action": "organization.create"}, 1),
        ({"resource_type": "organization"}, 2),
        ({"resource_type": "tenant", "resource_id": str(one.id)}, 1),
        ({"organization_id": str(one.organization_id)}, 1),
        ({"since": soon}, 0),
        ({"until": soon}, 3),
        ({"tenant_id": str(eventful.two.id)}, 0),
    ]:
        found = await client.get(EVENTS, params=params)
        assert len(found.json()["items"]) == count, params
    assert_problem(await client.get(EVENTS, params={"actr": "x"}), 422, pointer="/query/actr")
    assert_problem(await client.get(EVENTS, params={"since": soon, "until": soon}), 422)


async def test_the_platform_reads_every_trail(tenants: ServiceClient, eventful: World) -> None:
    client = tenants.as_(eventful.super_admin)
    for tenant in (eventful.one, eventful.two):
        found = await client.get(EVENTS, params={"tenant_id": str(tenant.id)})
        assert len(found.json()["items"]) == 3


async def test_nobody_below_a_tenants_admin_reads_the_trail(
    tenants: ServiceClient, world: World, caller: Caller
) -> None:
    allowed = caller.subject.role in (Role.SUPER_ADMIN, Role.TENANT_ADMIN)
    for tail in ("", "/export", "/verify"):
        reply = await tenants.as_(caller).get(EVENTS + tail)
        assert reply.status_code == (200 if allowed else 403)


async def test_the_export_is_a_csv_without_formulas(tenants: ServiceClient, eventful: World) -> None:
    reply = await tenants.as_(eventful.one.tenant_admin).get(f"{EVENTS}/export")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert [row["action"] for row in rows] == ["whitelist.add", "organization.create", "tenant.update"]
    assert {row["tenant_id"] for row in rows} == {str(eventful.one.id)}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "@"))]
    filtered = await tenants.as_(eventful.one.tenant_admin).get(f"{EVENTS}/export", params={"action": "none"})
    assert filtered.content.decode("utf-8-sig").strip().startswith("id,occurred_at,tenant_id")


async def test_an_export_of_many_blocks_has_every_event_once_and_holds_no_transaction(
    tenants: ServiceClient, eventful: World, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accunode_tenants.trail.service.BLOCK_EVENTS", 1)
    begun = set()
    read = repository.before

    async def watched(*args: Any) -> Any:
        found = await read(*args)
        (transaction,) = superuser.execute(
            "select pid, xact_start from pg_stat_activity where datname = current_database()"
            " and usename = 'accunode_tenants' and xact_start is not null"
        ).fetchall()
        begun.add(transaction)
        return found

    monkeypatch.setattr("accunode_tenants.trail.repository.before", watched)
    reply = await tenants.as_(eventful.one.tenant_admin).get(f"{EVENTS}/export")
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert [row["action"] for row in rows] == ["whitelist.add", "organization.create", "tenant.update"]
    assert len(begun) == 4


async def test_a_sealed_trail_is_verified_and_an_altered_event_is_named(
    tenants: ServiceClient, eventful: World, test_database: TestDatabase, superuser: psycopg.Connection
) -> None:
    client = tenants.as_(eventful.one.tenant_admin)
    before = (await client.get(f"{EVENTS}/verify")).json()
    assert (before["intact"], before["sealed"], before["unsealed"]) == (True, 0, 3)

    seal_all(test_database)
    sealed = (await client.get(f"{EVENTS}/verify")).json()
    assert (sealed["intact"], sealed["sealed"], sealed["unsealed"], sealed["broken"]) == (True, 3, 0, None)

    (altered,) = superuser.execute(
        "update audit.events set actor_id = %s where tenant_id = %s and action = 'organization.create' returning id",
        [new_id(), eventful.one.id],
    ).fetchone() or (None,)
    broken = (await client.get(f"{EVENTS}/verify")).json()
    assert (broken["intact"], broken["sealed"]) == (False, 1)
    assert broken["broken"] == {"sequence": 2, "event_id": str(altered), "fault": "altered"}

    other = (await tenants.as_(eventful.two.tenant_admin).get(f"{EVENTS}/verify")).json()
    assert other["intact"]


async def test_another_tenants_chain_does_not_exist(tenants: ServiceClient, world: World) -> None:
    params = {"tenant_id": str(world.two.id)}
    assert_problem(await tenants.as_(world.one.tenant_admin).get(f"{EVENTS}/verify", params=params), 404)
    for tenant_id in (world.two.id, PLATFORM_TENANT_ID):
        reply = await tenants.as_(world.super_admin).get(f"{EVENTS}/verify", params={"tenant_id": str(tenant_id)})
        assert reply.json()["tenant_id"] == str(tenant_id)


async def test_every_change_writes_one_event(
    tenants: ServiceClient, world: World, world_maker: WorldMaker, trail_of: Callable[[UUID], list[dict[str, Any]]]
) -> None:
    organization = f"/api/v1/organizations/{world.one.organization_id}"
    tenant = f"/api/v1/tenants/{world.one.id}"
    second = world_maker.caller(Role.TENANT_ADMIN, world.one.id)
    changes: list[tuple[Caller, str, str, dict[str, Any] | None]] = [
        (world.one.tenant_admin, "PATCH", tenant, {"settings": {"default_seats": 7}}),
        (world.super_admin, "POST", f"{tenant}/admins", {"email": world.two.tenant_admin.email}),
        (world.super_admin, "DELETE", f"{tenant}/admins/{second.user_id}", None),
        (world.one.tenant_admin, "POST", "/api/v1/organizations", {"name": "B"}),
        (world.one.org_admin, "PATCH", organization, {"name": "C"}),
        (world.one.org_admin, "PUT", f"{organization}/global-data-access", {"enabled": True}),
        (world.one.org_admin, "POST", f"{organization}/whitelist", {"email": "a@b.example"}),
        (world.one.org_admin, "DELETE", f"{organization}/whitelist/a@b.example", None),
        (world.one.org_admin, "POST", f"{organization}/join-token", None),
        (world.one.org_admin, "DELETE", f"{organization}/join-token", None),
        (world.one.tenant_admin, "POST", f"{organization}/members", {"email": world.one.outsider.email}),
        (world.one.org_admin, "POST", f"{organization}/members", {"email": "new@b.example"}),
        (world.one.org_admin, "DELETE", f"{organization}/members/{world.one.other_member.user_id}", None),
        (world.one.tenant_admin, "DELETE", organization, None),
        (world.super_admin, "DELETE", tenant, None),
    ]
    for number, (caller, method, path, body) in enumerate(changes, start=1):
        reply = await tenants.as_(caller).request(method, path, json=body)
        assert reply.status_code < 300, f"{method} {path}: {reply.text}"
        events = trail_of(world.one.id)
        assert len(events) == number, f"{method} {path}"
        assert events[-1]["actor_id"] == caller.user_id
        assert events[-1]["request_id"] == reply.headers["x-request-id"]
