from urllib.parse import quote

from accunode_common.auth.roles import Role
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem


def whitelist(world: World) -> str:
    return f"/api/v1/organizations/{world.one.organization_id}/whitelist"


async def test_one_address_and_many_are_added(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.one.org_admin)
    single = await client.post(whitelist(world), json={"email": "Ann@Bank.example"})
    assert (single.status_code, single.json()) == (201, {"added": 1, "already_there": 0})
    many = await client.post(
        whitelist(world), json={"emails": ["ann@bank.example", "BOB@bank.example", "bob@bank.example", "c@d.example"]}
    )
    assert many.json() == {"added": 2, "already_there": 1}
    listed = (await client.get(whitelist(world))).json()["items"]
    assert [item["email"] for item in listed] == ["ann@bank.example", "bob@bank.example", "c@d.example"]
    assert {item["added_by"] for item in listed} == {str(world.one.org_admin.user_id)}
    found = (await client.get(whitelist(world), params={"search": "BANK", "limit": "1", "with_total": "true"})).json()
    assert (found["total"], len(found["items"])) == (2, 1)


async def test_input_that_is_none_or_both_or_too_much_is_refused(tenants: ServiceClient, world: World) -> None:
    client = tenants.as_(world.one.org_admin)
    for body in (
        {},
        {"email": "a@b.example", "emails": ["c@d.example"]},
        {"emails": []},
        {"emails": ["not an address"]},
        {"emails": [f"{number}@b.example" for number in range(1001)]},
    ):
        assert_problem(await client.post(whitelist(world), json=body), 422, "invalid_input")


async def test_an_address_is_removed_whatever_its_case(tenants: ServiceClient, world: World) -> None:
    client, email = tenants.as_(world.one.org_admin), f"x+{new_id()}@bank.example"
    await client.post(whitelist(world), json={"email": email})
    assert (await client.delete(f"{whitelist(world)}/{quote(email.upper())}")).status_code == 204
    assert_problem(await client.delete(f"{whitelist(world)}/{quote(email)}"), 404, "not_found")


async def test_the_whitelist_is_the_admins(tenants: ServiceClient, world: World, caller: Caller) -> None:
    allowed = caller.subject.role in (Role.SUPER_ADMIN, Role.TENANT_ADMIN, Role.ORG_ADMIN)
    client = tenants.as_(caller)
    assert (await client.get(whitelist(world))).status_code == (200 if allowed else 403)
    added = await client.post(whitelist(world), json={"email": "a@b.example"})
    assert added.status_code == (201 if allowed else 403)
    removed = await client.delete(f"{whitelist(world)}/a@b.example")
    assert removed.status_code == (204 if allowed else 403)
