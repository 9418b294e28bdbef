"""Pagination, entity tags and idempotency keys."""

import asyncio
from dataclasses import replace

import psycopg
import pytest

from accunode_common.auth.roles import Permission, Role
from accunode_common.auth.subject import Subject
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import World, WorldMaker
from accunode_common.testing.problems import assert_problem

THINGS = "/api/v1/things"


@pytest.fixture
def many(world: World, world_maker: WorldMaker) -> World:
    for number in range(7):
        world_maker.organization(world.one.id, f"Desk {number // 2} {number}")
    return world


@pytest.mark.parametrize("sort", ["name", "-name", "created_at", "-created_at"])
async def test_pages_join_to_the_whole_list_without_gaps_or_repeats(
    things: ServiceClient, many: World, sort: str
) -> None:
    client = things.as_(many.one.tenant_admin)
    whole = (await client.get(THINGS, params={"sort": sort, "with_total": True})).json()
    assert whole["total"] == 9
    assert whole["next_cursor"] is None
    collected, cursor = [], None
    while True:
        part = (
            await client.get(THINGS, params={"sort": sort, "limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        collected += part["items"]
        cursor = part["next_cursor"]
        if cursor is None:
            break
    assert collected == whole["items"]


async def test_a_row_added_before_the_cursor_repeats_nothing(
    things: ServiceClient, many: World, world_maker: WorldMaker
) -> None:
    client = things.as_(many.one.tenant_admin)
    first = (await client.get(THINGS, params={"limit": 5})).json()
    world_maker.organization(many.one.id, "Aardvark")
    rest = (await client.get(THINGS, params={"limit": 5, "cursor": first["next_cursor"]})).json()
    names = [item["name"] for item in first["items"] + rest["items"]]
    assert len(names) == len(set(names)) == 9


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W10", "bnVsbA", "eyJhIjoxfQ", "=" * 8, "🦊"])
async def test_a_damaged_cursor_is_refused(things: ServiceClient, many: World, cursor: str) -> None:
    reply = await things.as_(many.one.tenant_admin).get(THINGS, params={"cursor": cursor})
    assert_problem(reply, 422, pointer="/query/cursor", fault="invalid_cursor")


async def test_a_cursor_of_another_list_is_refused(things: ServiceClient, many: World) -> None:
    client = things.as_(many.one.tenant_admin)
    cursor = (await client.get(THINGS, params={"limit": 1})).json()["next_cursor"]
    for other in ({"sort": "-name"}, {"name": "credit"}):
        reply = await client.get(THINGS, params={"cursor": cursor, **other})
        assert_problem(reply, 422, pointer="/query/cursor", fault="invalid_cursor")


async def test_limits_and_sorts_out_of_range_are_refused(things: ServiceClient, world: World) -> None:
    client = things.as_(world.one.org_member)
    assert_problem(await client.get(THINGS, params={"limit": 0}), 422, pointer="/query/limit")
    assert_problem(await client.get(THINGS, params={"limit": 201}), 422, pointer="/query/limit")
    assert_problem(await client.get(THINGS, params={"sort": "secret"}), 422, pointer="/query/sort")


async def test_a_change_on_a_stale_version_is_refused(things: ServiceClient, world: World) -> None:
    client = things.as_(world.one.org_admin)
    path = f"{THINGS}/{world.one.organization_id}"
    tag = (await client.get(path)).headers["etag"]
    changed = await client.patch(path, json={"name": "First"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert_problem(await client.patch(path, json={"name": "Second"}, headers={"If-Match": tag}), 412, "stale_version")
    assert (await client.get(path)).json()["name"] == "First"
    fresh = f'"0", {changed.headers["etag"]}'
    assert (await client.patch(path, json={"name": "Third"}, headers={"If-Match": fresh})).status_code == 200


async def test_a_repeated_write_happens_once_and_gets_the_first_reply(
    things: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    client = things.as_(world.one.tenant_admin)
    headers = {"Idempotency-Key": "create-one-thing"}
    first = await client.post(THINGS, json={"name": "Once"}, headers=headers)
    again = await client.post(THINGS, json={"name": "Once"}, headers=headers)
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    made = superuser.execute(
        "SELECT count(*) FROM tenancy.organizations WHERE tenant_id = %s AND name = 'Once'", [world.one.id]
    ).fetchone()
    assert made == (1,)


async def test_writes_with_one_key_at_the_same_time_happen_once(things: ServiceClient, world: World) -> None:
    client = things.as_(world.one.tenant_admin)
    headers = {"Idempotency-Key": "create-slowly"}
    replies = await asyncio.gather(*(client.post(THINGS, json={"name": "slow"}, headers=headers) for _ in range(4)))
    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.json()["id"] for reply in replies}) == 1


async def test_a_key_cannot_serve_another_request(things: ServiceClient, world: World) -> None:
    client = things.as_(world.one.tenant_admin)
    headers = {"Idempotency-Key": "shared-by-mistake"}
    await client.post(THINGS, json={"name": "A"}, headers=headers)
    reply = await client.post(THINGS, json={"name": "B"}, headers=headers)
    assert_problem(reply, 409, "idempotency_conflict")


async def test_a_key_belongs_to_its_person(things: ServiceClient, world: World) -> None:
    headers = {"Idempotency-Key": "the-same-for-two"}
    one = await things.as_(world.one.tenant_admin).post(THINGS, json={"name": "A"}, headers=headers)
    two = await things.as_(world.two.tenant_admin).post(THINGS, json={"name": "A"}, headers=headers)
    assert one.json()["id"] != two.json()["id"]


def elsewhere(world: World, subject: Subject) -> dict[str, Subject]:
    """The same person in every other place that a token can name."""
    scope = frozenset({Permission.AUDIT_READ})
    return {
        "moved to an organization": replace(subject, organization_id=world.one.organization_id),
        "another role": replace(subject, role=Role.SUPER_ADMIN),
        "an API key": replace(subject, scope=scope),
        "an API key of more scopes": replace(subject, scope=scope | {Permission.COMPANY_READ}),
    }


async def test_a_key_is_refused_in_another_place_of_its_person_and_writes_nothing_there(
    things: ServiceClient, world: World, issuer: TestIssuer, superuser: psycopg.Connection
) -> None:
    admin, headers = world.one.tenant_admin, {"Idempotency-Key": "made-here-and-sent-there"}
    first = await things.as_(admin).post(THINGS, json={"name": "Here"}, headers=headers)
    assert first.status_code == 201
    for place, subject in elsewhere(world, admin.subject).items():
        there = replace(admin, subject=subject, token=issuer.token(subject))
        reply = await things.as_(there).post(THINGS, json={"name": "Here"}, headers=headers)
        assert_problem(reply, 409, "idempotency_conflict")
        assert first.json()["id"] not in reply.text, place
    again = await things.as_(admin).post(THINGS, json={"name": "Here"}, headers=headers)
    assert again.json() == first.json()
    made = superuser.execute(
        "SELECT count(*) FROM tenancy.organizations WHERE tenant_id = %s AND name = 'Here'", [world.one.id]
    ).fetchone()
    assert made == (1,)


async def test_another_tenant_of_the_same_person_takes_the_key_anew(
    things: ServiceClient, world: World, issuer: TestIssuer
) -> None:
    admin, headers = world.one.tenant_admin, {"Idempotency-Key": "one-key-in-two-tenants"}
    switched = replace(admin.subject, tenant_id=world.two.id)
    first = await things.as_(admin).post(THINGS, json={"name": "Both"}, headers=headers)
    there = replace(admin, subject=switched, token=issuer.token(switched))
    second = await things.as_(there).post(THINGS, json={"name": "Both"}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


async def test_a_write_that_failed_can_be_tried_again_under_its_key(things: ServiceClient, world: World) -> None:
    client = things.as_(world.one.tenant_admin)
    headers = {"Idempotency-Key": "fails-at-first"}
    for _ in range(2):
        assert_problem(await client.post(THINGS, json={"name": "refused"}, headers=headers), 409, "conflict")
    found = (await client.get(THINGS, params={"name": "refused"})).json()
    assert found["items"] == []


async def test_a_reply_with_a_secret_is_never_stored(
    things: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    member = world.one.org_member
    await things.as_(member).post(f"{THINGS}/secret", headers={"Idempotency-Key": "would-be-kept"})
    kept = superuser.execute(
        "SELECT count(*) FROM ops.idempotency_keys WHERE user_id = %s", [member.user_id]
    ).fetchone()
    assert kept == (0,)


@pytest.mark.parametrize("key", ["short", "x" * 201, "with spaces", "ünïcödé-key"])
async def test_an_unfit_key_is_refused(things: ServiceClient, world: World, key: str) -> None:
    reply = await things.as_(world.one.tenant_admin).post(
        THINGS,
        json={"name": "A"},
        headers={"Idempotency-Key": key.encode()},
    )
    assert_problem(reply, 422, pointer="/header/idempotency-key")
