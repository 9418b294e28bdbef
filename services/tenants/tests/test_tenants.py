import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from accunode_common.auth.roles import Role
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem
from accunode_identity.schemas import InvitationOut
from accunode_identity.tenant_settings import TenantSettings

StillSignedIn = Callable[[Caller], Awaitable[bool]]
TENANTS = "/api/v1/tenants"


def new_tenant(**values: Any) -> dict[str, Any]:
    return {"name": f"Bank {new_id()}", **values}


def first_admin() -> dict[str, str]:
    return {"email": f"Head-{new_id()}@bank.example"}


async def test_a_tenant_is_created_with_its_first_admin_in_one_transaction(
    tenants: ServiceClient, world: World, superuser: psycopg.Connection, trail_of: Callable[[UUID], list[Any]]
) -> None:
    body = new_tenant(slug=f"bank-{new_id()}", settings={"default_seats": 7}, admin=first_admin())

    reply = await tenants.as_(world.super_admin).post(TENANTS, json=body)

    assert reply.status_code == 201, reply.text
    made = reply.json()
    assert reply.headers["location"] == f"{TENANTS}/{made['id']}"
    assert (made["slug"], made["status"], made["users"], made["organizations"]) == (body["slug"], "active", 0, 0)
    assert made["settings"] == TenantSettings(default_seats=7).model_dump(mode="json")
    invitation = made["invitation"]
    assert (invitation["email"], invitation["role"], invitation["state"]) == (
        body["admin"]["email"],
        "tenant_admin",
        "pending",
    )
    assert invitation["tenant_id"] == made["id"]
    found = superuser.execute("select 1 from identity.users where email = %s", [body["admin"]["email"]]).fetchone()
    assert found is None
    events = trail_of(UUID(made["id"]))
    assert [event["action"] for event in events] == ["tenant.create", "invitation.create"]


async def test_a_first_administrator_with_an_account_gets_the_same_reply(
    tenants: ServiceClient, world: World, still_signed_in: StillSignedIn
) -> None:
    known = new_tenant(admin={"email": world.two.org_member.email.upper()})
    reply = await tenants.as_(world.super_admin).post(TENANTS, json=known)
    assert reply.status_code == 201
    assert set(reply.json()["invitation"]) == set(InvitationOut.model_fields)
    assert await still_signed_in(world.two.org_member)


async def test_a_slug_is_made_from_the_name_and_unique(tenants: ServiceClient, world: World) -> None:
    client, mark = tenants.as_(world.super_admin), str(new_id())[-8:]
    reply = await client.post(TENANTS, json={"name": f"Crédit & Bank  {mark}"})
    assert (reply.json()["slug"], reply.json()["name"]) == (f"credit-bank-{mark}", f"Crédit & Bank {mark}")
    assert_problem(await client.post(TENANTS, json={"name": f"credit bank {mark}"}), 409, "already_exists")
    assert_problem(await client.post(TENANTS, json={"name": "銀行"}), 422, pointer="/body/slug")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/body/name"),
        ({"slug": "With Space"}, "/body/slug"),
        ({"status": "deleted"}, "/body/status"),
        ({"settings": {"default_seats": 0}}, "/body/settings/default_seats"),
        ({"settings": {"unknown": 1}}, "/body/settings/unknown"),
        ({"admin": {"email": "nobody"}}, "/body/admin/email"),
        ({"admin": {"email": "n@bank.example", "password": "a long new secret 7"}}, "/body/admin/password"),
    ],
)
async def test_bad_input_is_refused_with_its_place(
    tenants: ServiceClient, world: World, change: dict[str, Any], pointer: str
) -> None:
    reply = await tenants.as_(world.super_admin).post(TENANTS, json=new_tenant(**change))
    assert_problem(reply, 422, "invalid_input", pointer=pointer)


async def test_only_the_platform_lists_makes_and_deletes(tenants: ServiceClient, world: World, caller: Caller) -> None:
    client = tenants.as_(caller)
    replies = [
        await client.get(TENANTS),
        await client.post(TENANTS, json=new_tenant()),
        await client.delete(f"{TENANTS}/{world.two.id}"),
    ]
    expected = [200, 201, 200] if caller.subject.role is Role.SUPER_ADMIN else [403, 403, 403]
    assert [reply.status_code for reply in replies] == expected


async def test_nobody_signed_in_is_told_to_sign_in(tenants: ServiceClient, world: World) -> None:
    for path in (TENANTS, f"{TENANTS}/{world.one.id}", f"{TENANTS}/{world.one.id}/stats"):
        assert_problem(await tenants.as_(None).get(path), 401, "unauthenticated")


async def test_the_list_has_counts_and_leaves_out_the_platform(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.super_admin)
    name = (await client.get(f"{TENANTS}/{world.one.id}")).json()["name"]
    found = (await client.get(TENANTS, params={"search": name, "with_total": "true"})).json()
    assert found["total"] == 1
    assert (found["items"][0]["users"], found["items"][0]["organizations"]) == (5, 2)
    assert_problem(await client.get(f"{TENANTS}/{PLATFORM_TENANT_ID}"), 404)
    platform = (await client.get(TENANTS, params={"search": "Platform"})).json()["items"]
    assert str(PLATFORM_TENANT_ID) not in {item["id"] for item in platform}


async def test_a_list_goes_on_page_by_page(tenants: ServiceClient, world: World) -> None:
    client, mark = tenants.as_(world.super_admin), str(new_id())
    for number in range(5):
        await client.post(TENANTS, json={"name": f"Page {number} {mark}"})
    seen, cursor = [], None
    while True:
        params = {"search": mark, "limit": "2", "sort": "-name", **({"cursor": cursor} if cursor else {})}
        page = (await client.get(TENANTS, params=params)).json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"Page {number} {mark}" for number in (4, 3, 2, 1, 0)]


async def test_a_tenant_is_read_by_its_admins_and_the_platform(
    tenants: ServiceClient, world: World, caller: Caller
) -> None:
    for tail in ("", "/stats", "/admins"):
        reply = await tenants.as_(caller).get(f"{TENANTS}/{world.one.id}{tail}")
        expected = 200 if caller.subject.role in (Role.SUPER_ADMIN, Role.TENANT_ADMIN) else 403
        assert reply.status_code == expected, tail


async def test_another_tenant_does_not_exist(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.two.tenant_admin)
    for tail in ("", "/stats", "/admins"):
        there = await client.get(f"{TENANTS}/{world.one.id}{tail}")
        nowhere = await client.get(f"{TENANTS}/{new_id()}{tail}")
        assert_problem(there, 404, "not_found")
        assert there.json()["detail"] == nowhere.json()["detail"]
    assert_problem(await client.patch(f"{TENANTS}/{world.one.id}", json={"name": "Mine"}), 404, "not_found")


async def test_when_a_second_factor_became_required_is_written_down_and_no_client_moves_it(
    tenants: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    client, path = tenants.as_(world.one.tenant_admin), f"{TENANTS}/{world.one.id}"

    def since() -> dict[str, str]:
        row = superuser.execute("SELECT settings FROM tenancy.tenants WHERE id = %s", [world.one.id]).fetchone()
        assert row is not None
        found: dict[str, str] = row[0]["second_factor_since"]
        return found

    rule = {"required_roles": ["tenant_admin"], "grace_days": 7}
    reply = await client.patch(path, json={"settings": {"second_factor": rule}})
    assert reply.json()["settings"]["second_factor"] == rule, reply.text
    first = since()
    assert set(first) == {"tenant_admin"}
    wider = {"required_roles": ["tenant_admin", "org_admin"], "grace_days": 0}
    await client.patch(path, json={"settings": {"second_factor": wider}})
    assert since()["tenant_admin"] == first["tenant_admin"]
    assert since()["org_admin"] > first["tenant_admin"]
    moved = await client.patch(path, json={"settings": {"second_factor_since": {"org_admin": "2999-01-01T00:00:00Z"}}})
    assert_problem(moved, 422)


async def test_a_tenants_admin_changes_its_settings(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.one.tenant_admin)
    await client.patch(f"{TENANTS}/{world.one.id}", json={"settings": {"contact_email": "it@bank.example"}})
    reply = await client.patch(f"{TENANTS}/{world.one.id}", json={"settings": {"default_seats": 3}})
    expected = TenantSettings(default_seats=3, contact_email="it@bank.example")
    assert reply.json()["settings"] == expected.model_dump(mode="json")


def variants(name: str) -> list[str]:
    """Spellings of a name that are the same name."""
    return [name, name.upper(), f"  {name.replace(' ', '   ')} ", name.replace("B", "\uff22")]


async def test_no_two_tenants_have_one_name_however_it_is_written(tenants: ServiceClient, world: World) -> None:
    client, name = tenants.as_(world.super_admin), f"Bank of {str(new_id())[-8:]}"
    first = (await client.post(TENANTS, json={"name": name})).json()
    other = f"{TENANTS}/{world.two.id}"
    for number, written in enumerate(variants(name)):
        body = {"name": written, "slug": f"other-{number}-{str(new_id())[-8:]}"}
        assert_problem(await client.post(TENANTS, json=body), 409, "already_exists")
        assert_problem(await client.patch(other, json={"name": written}), 409, "already_exists")
    assert (await client.patch(f"{TENANTS}/{first['id']}", json={"name": name.upper()})).status_code == 200


async def test_the_name_of_a_deleted_tenant_is_free_and_lost_once_another_took_it(
    tenants: ServiceClient, world: World
) -> None:
    client, name = tenants.as_(world.super_admin), f"Bank of {str(new_id())[-8:]}"
    first = f"{TENANTS}/{(await client.post(TENANTS, json={'name': name})).json()['id']}"
    await client.delete(first)
    second = await client.post(TENANTS, json={"name": name, "slug": f"second-{str(new_id())[-8:]}"})
    assert second.status_code == 201, second.text
    assert_problem(await client.patch(first, json={"status": "active"}), 409, "already_exists")
    back = await client.patch(first, json={"status": "active", "name": f"{name} again"})
    assert back.status_code == 200


async def test_of_tenants_made_at_once_with_one_name_one_stands(tenants: ServiceClient, world: World) -> None:
    client, mark = tenants.as_(world.super_admin), str(new_id())[-8:]
    bodies = [{"name": f"Bank of {mark}", "slug": f"{mark}-{number}"} for number in range(4)]
    replies = await asyncio.gather(*(client.post(TENANTS, json=body) for body in bodies))
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]


async def test_a_tenants_admin_cannot_find_out_by_renaming_who_else_is_here(
    tenants: ServiceClient, world: World
) -> None:
    taken = (await tenants.as_(world.two.tenant_admin).get(f"{TENANTS}/{world.two.id}")).json()["name"]
    client, path = tenants.as_(world.one.tenant_admin), f"{TENANTS}/{world.one.id}"
    replies = [await client.patch(path, json={"name": name}) for name in (taken, f"{taken} free")]
    assert [reply.status_code for reply in replies] == [403, 403]
    assert len({reply.json()["detail"] for reply in replies}) == 1


@pytest.mark.parametrize("body", [{}, {"name": None}, {"slug": "other"}, {"status": "deleted"}])
async def test_changes_that_change_nothing_or_too_much_are_refused(
    tenants: ServiceClient, world: World, body: dict[str, Any]
) -> None:
    assert_problem(await tenants.as_(world.super_admin).patch(f"{TENANTS}/{world.one.id}", json=body), 422)


async def test_a_stale_change_is_refused(tenants: ServiceClient, world: World) -> None:
    client, path = tenants.as_(world.one.tenant_admin), f"{TENANTS}/{world.one.id}"
    seen = (await client.get(path)).headers["etag"]
    seats = {"settings": {"default_seats": 3}}
    first = await client.patch(path, json=seats, headers={"If-Match": seen})
    assert first.status_code == 200
    assert first.headers["etag"] != seen
    late = {"settings": {"default_seats": 4}}
    assert_problem(await client.patch(path, json=late, headers={"If-Match": seen}), 412, "stale_version")
    assert (await client.get(path)).json()["settings"]["default_seats"] == 3


async def test_only_the_platform_changes_the_status(tenants: ServiceClient, world: World) -> None:
    reply = await tenants.as_(world.one.tenant_admin).patch(f"{TENANTS}/{world.one.id}", json={"status": "suspended"})
    assert_problem(reply, 403, "forbidden")


async def test_a_suspended_tenants_people_are_out_at_once(tenants: ServiceClient, world: World) -> None:
    path = f"{TENANTS}/{world.one.id}"
    reply = await tenants.as_(world.super_admin).patch(path, json={"status": "suspended"})
    assert reply.json()["status"] == "suspended"
    assert_problem(await tenants.as_(world.one.tenant_admin).get(path), 401)
    assert (await tenants.as_(world.two.tenant_admin).get(f"{TENANTS}/{world.two.id}")).status_code == 200


async def test_a_deleted_tenant_is_kept_for_thirty_days_and_can_come_back(
    tenants: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    client, path = tenants.as_(world.super_admin), f"{TENANTS}/{world.one.id}"

    deleted = (await client.delete(path)).json()

    assert deleted["status"] == "deleted"
    kept = datetime.fromisoformat(deleted["purge_after"]) - datetime.fromisoformat(deleted["deleted_at"])
    assert kept == timedelta(days=30)
    assert abs(datetime.fromisoformat(deleted["deleted_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert_problem(await tenants.as_(world.one.org_member).get("/api/v1/organizations"), 401)
    assert superuser.execute("select 1 from tenancy.organizations where tenant_id = %s", [world.one.id]).fetchone()
    assert_problem(await client.delete(path), 409, "conflict")
    assert_problem(
        await client.post("/api/v1/organizations", json={"name": "Late", "tenant_id": str(world.one.id)}), 409
    )
    back = (await client.patch(path, json={"status": "active"})).json()
    assert (back["status"], back["deleted_at"], back["purge_after"]) == ("active", None, None)


async def test_statistics_count_personal_records_too(
    tenants: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    member = world.one.org_member
    for level, organization in (("personal", None), ("organization", world.one.organization_id)):
        superuser.execute(
            "insert into credit.companies (tenant_id, id, access_level, organization_id, created_by, name, name_key)"
            " values (%s, %s, %s, %s, %s, 'a', 'a')",
            [world.one.id, new_id(), level, organization, member.user_id],
        )
    superuser.execute(
        "insert into bulk.jobs (tenant_id, id, created_by, read_reach, write_reach, access_level, type, file_bytes)"
        " values (%s, %s, %s, 'own', 'own', 'personal', 'bulk_upload', 12345)",
        [world.one.id, new_id(), member.user_id],
    )
    change = {"settings": {"default_seats": 3}}
    await tenants.as_(world.one.tenant_admin).patch(f"{TENANTS}/{world.one.id}", json=change)
    for reader in (world.one.tenant_admin, world.super_admin):
        found = (await tenants.as_(reader).get(f"{TENANTS}/{world.one.id}/stats")).json()
        last = found.pop("last_activity_at")
        assert found == {
            "users": 5,
            "organizations": 2,
            "companies": 2,
            "predictions": 0,
            "jobs": 1,
            "storage_bytes": 12345,
        }
        assert abs(datetime.fromisoformat(last) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_repeated_creation_gets_the_first_reply(tenants: ServiceClient, world: World) -> None:
    client, headers, body = tenants.as_(world.super_admin), {"Idempotency-Key": f"make-{new_id()}"}, new_tenant()
    first = await client.post(TENANTS, json=body, headers=headers)
    again = await client.post(TENANTS, json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert_problem(await client.post(TENANTS, json=new_tenant(), headers=headers), 409, "idempotency_conflict")
