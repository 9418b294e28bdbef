"""Nobody can tell what exists elsewhere: by unique keys, kept replies, error texts, entity tags, addresses or time."""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from tests.applications import Running
from tests.isolation.calls import told
from tests.isolation.things import PASSWORD, Stage

from accunode_common.ids import new_id
from accunode_common.testing.people import Caller

API = "/api/v1"
ROUNDS = 5
Ask = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture
def stage(new_stage: Callable[[], Stage]) -> Stage:
    """A world of its own."""
    return new_stage()


def client(services: list[Running], name: str, caller: Caller | None) -> Any:
    """The service as the caller sees it."""
    return next(each for each in services if each.application.service.name == name).client.as_(caller)


def alike(one: httpx.Response, other: httpx.Response, said: dict[str, str], otherwise: dict[str, str]) -> bool:
    """Whether the replies differ in nothing but what was said in the requests."""
    return told(one, said) == told(other, otherwise)


@pytest.mark.parametrize("level", ["personal", "organization"])
async def test_a_symbol_that_others_have_is_free(services: list[Running], stage: Stage, level: str) -> None:
    one, two = stage.world.one.org_member, stage.world.two.org_member
    body = {"name": "Northwind", "symbol": "NWEC", "access_level": level}
    for caller in (two, stage.world.one.outsider, one):
        reply = await client(services, "predictions", caller).post(f"{API}/companies", json=body)
        assert reply.status_code == 201, reply.text
        assert reply.json()["name"] == "Northwind"
    again = await client(services, "predictions", one).post(f"{API}/companies", json=body)
    assert again.status_code == 409, "it is unique among one's own"


async def test_a_personal_symbol_of_a_colleague_is_free(services: list[Running], stage: Stage) -> None:
    body = {"name": "Northwind", "symbol": "NWEC"}
    for caller in (stage.world.one.org_member, stage.world.one.other_member, stage.world.one.org_admin):
        reply = await client(services, "predictions", caller).post(f"{API}/companies", json=body)
        assert reply.status_code == 201, reply.text


async def test_an_organizations_name_in_another_tenant_is_free(services: list[Running], stage: Stage) -> None:
    name = {"name": f"Desk {new_id()}"}
    for admin in (stage.world.two.tenant_admin, stage.world.one.tenant_admin):
        reply = await client(services, "tenants", admin).post(f"{API}/organizations", json=name)
        assert reply.status_code == 201, reply.text


async def test_a_listed_address_says_nothing_of_other_lists(services: list[Running], stage: Stage) -> None:
    address = {"email": f"listed-{new_id()}@bank.example"}
    for tenant in (stage.world.two, stage.world.one):
        path = f"{API}/organizations/{tenant.organization_id}/whitelist"
        reply = await client(services, "tenants", tenant.org_admin).post(path, json=address)
        assert (reply.status_code, reply.json()["added"]) == (201, 1), reply.text


async def test_a_member_of_another_tenant_is_invited_like_a_stranger(services: list[Running], stage: Stage) -> None:
    one, known, unknown = stage.world.one, stage.world.two.org_member.email, f"x-{new_id()}@two.example"
    path = f"{API}/organizations/{one.organization_id}/members"
    asking = client(services, "tenants", one.org_admin)
    replies = [await asking.post(path, json={"email": email, "role": "org_member"}) for email in (known, unknown)]
    for reply in replies:
        shown = reply.text.replace(known, "the address that was typed")
        assert str(stage.world.two.org_member.user_id) not in shown
    # An invitation has an identifier, an address and times of its own, whoever it is for.
    own = {"id", "email", "created_at", "expires_at"}
    first, second = ({k: v for k, v in reply.json().items() if k not in own} for reply in replies)
    assert [reply.status_code for reply in replies] == [201, 201]
    assert first == second


async def test_a_kept_reply_is_given_to_its_own_caller_alone(services: list[Running], stage: Stage) -> None:
    headers, body = {"Idempotency-Key": f"the-same-{new_id()}"}, {"name": "Northwind"}
    made = set()
    for caller in (stage.world.two.org_member, stage.world.one.org_member, stage.world.one.other_member):
        reply = await client(services, "predictions", caller).post(f"{API}/companies", json=body, headers=headers)
        assert reply.status_code == 201, reply.text
        assert "Idempotency-Replayed" not in reply.headers
        made.add(reply.json()["id"])
    assert len(made) == 3


async def test_a_used_key_tells_others_nothing_of_its_request(services: list[Running], stage: Stage) -> None:
    headers = {"Idempotency-Key": f"the-same-{new_id()}"}
    two, one = stage.world.two.org_member, stage.world.one.org_member
    first = await client(services, "predictions", two).post(f"{API}/companies", json={"name": "A"}, headers=headers)
    other = await client(services, "predictions", one).post(f"{API}/companies", json={"name": "B"}, headers=headers)
    assert (first.status_code, other.status_code) == (201, 201)


async def test_an_entity_tag_is_not_compared_for_what_one_may_not_see(services: list[Running], stage: Stage) -> None:
    theirs = stage.make("tenant", stage.world.one.org_admin, kind="annual")
    asking = client(services, "predictions", stage.world.one.org_admin)
    for tag in ('"1"', '"2"', "*", '"1", "2"'):
        for method, body in (("PATCH", {"name": "Y"}), ("DELETE", None)):
            replies = []
            for company_id in (theirs.ids["company_id"], str(new_id())):
                options: dict[str, Any] = {"headers": {"If-Match": tag}} | ({"json": body} if body else {})
                path = f"{API}/companies/{company_id}"
                replies.append((await asking.request(method, path, **options), {"id": company_id}))
            (there, named), (nowhere, unnamed) = replies
            assert there.status_code == 404, tag
            assert alike(there, nowhere, named, unnamed), tag


async def test_a_cursor_of_another_tenant_shows_ones_own_rows_alone(services: list[Running], stage: Stage) -> None:
    for _ in range(3):
        stage.make("tenant", stage.world.one.org_member, kind="annual")
    mine = stage.make("own", stage.world.one.org_member, kind="annual")
    path = f"{API}/companies?limit=1"
    theirs = (await client(services, "predictions", stage.world.two.org_member).get(path)).json()
    reply = await client(services, "predictions", stage.world.one.org_member).get(
        path, params={"cursor": theirs["next_cursor"], "limit": "1"}
    )
    assert reply.status_code in {200, 422}
    shown = {row["id"] for row in reply.json().get("items", [])}
    assert shown <= {mine.ids["company_id"]}


async def test_a_cursor_of_another_list_is_refused(services: list[Running], stage: Stage) -> None:
    for _ in range(2):
        stage.make("own", stage.world.one.org_member, kind="annual")
    asking = client(services, "predictions", stage.world.one.org_member)
    cursor = (await asking.get(f"{API}/companies", params={"limit": 1})).json()["next_cursor"]
    reply = await asking.get(f"{API}/predictions/annual", params={"cursor": cursor})
    assert reply.status_code == 422, reply.text


ADDRESS_ROUTES: dict[str, dict[str, str]] = {
    "auth/login": {"password": "another long secret 7"},
    "auth/forgot-password": {},
    "auth/register": {"password": "seven grey herons at dusk", "full_name": "Ada Lovelace"},
}


@pytest.mark.parametrize("route", ADDRESS_ROUTES)
async def test_a_known_address_and_an_unknown_get_the_same_reply(
    services: list[Running], stage: Stage, route: str
) -> None:
    asking, known, unknown = client(services, "auth", None), stage.world.one.org_admin.email, _unknown()
    replies = [
        await asking.post(f"{API}/{route}", json={"email": email, **ADDRESS_ROUTES[route]})
        for email in (known, unknown)
    ]
    assert alike(*replies, {"email": known}, {"email": unknown}), [reply.text for reply in replies]


@pytest.mark.parametrize("route", ADDRESS_ROUTES)
async def test_a_known_address_takes_as_long_as_an_unknown(services: list[Running], stage: Stage, route: str) -> None:
    people = [stage.maker.caller(stage.world.user.subject.role, stage.world.user.tenant_id) for _ in range(ROUNDS)]
    asking, body = client(services, "auth", None), ADDRESS_ROUTES[route]

    def ask(email: str) -> Ask:
        return lambda: asking.post(f"{API}/{route}", json={"email": email, **body})

    known, unknown = [ask(person.email) for person in people], [ask(_unknown()) for _ in people]
    assert await difference(known, unknown) < 0.5


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("predictions", "companies/{company_id}"),
        ("predictions", "predictions/annual/{prediction_id}"),
        ("bulk-upload", "bulk-uploads/{job_id}"),
        ("tenants", "organizations/{organization_id}"),
    ],
)
async def test_what_is_elsewhere_takes_as_long_as_what_is_nowhere(
    services: list[Running], stage: Stage, service: str, path: str
) -> None:
    caller = stage.world.one.org_admin
    theirs = stage.make("tenant", caller, kind="annual")
    asking = client(services, service, caller)

    def ask(ids: dict[str, str]) -> Ask:
        return lambda: asking.get(f"{API}/{path}".format(**ids))

    there = [ask(theirs.ids)] * (9 * ROUNDS)
    nowhere = [ask(theirs.elsewhere(caller)) for _ in there]
    assert await difference(there, nowhere) < 0.5


async def test_a_wrong_password_takes_as_long_with_and_without_an_account(
    services: list[Running], stage: Stage
) -> None:
    """The right one, of a deactivated person, tells nothing either."""
    person = stage.maker.caller(stage.world.user.subject.role, stage.world.user.tenant_id)
    stage.connection.execute("update identity.users set status = 'deactivated' where id = %s", [person.user_id])
    asking = client(services, "auth", None)
    replies = [
        await asking.post(f"{API}/auth/login", json={"email": email, "password": PASSWORD})
        for email in (person.email, _unknown())
    ]
    assert [reply.status_code for reply in replies] == [401, 401]
    assert alike(*replies, {}, {}), [reply.text for reply in replies]


def _unknown() -> str:
    return f"user-{new_id()}@platform.example"


async def difference(some: list[Ask], others: list[Ask]) -> float:
    """How far the medians of two kinds of requests lie apart, in parts of the larger; they take turns."""
    taken: tuple[list[float], list[float]] = ([], [])
    for pair in zip(some, others, strict=True):
        for place, ask in enumerate(pair):
            began = time.perf_counter()
            reply = await ask()
            taken[place].append(time.perf_counter() - began)
            assert reply.status_code < 500, reply.text
    first, second = (statistics.median(each) for each in taken)
    return abs(first - second) / max(first, second)
