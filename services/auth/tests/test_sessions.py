"""Sessions: refreshed with rotation, ended at once."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest

from accunode_common.auth.roles import Role
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

AUTH = "/api/v1/auth"
ME = "/api/v1/users/me"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]


async def refresh(auth: ServiceClient, token: str) -> httpx.Response:
    return await auth.http.post(f"{AUTH}/refresh", json={"refresh_token": token})


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def test_a_refresh_token_gives_new_tokens_once(auth: ServiceClient, person: Person, sign_in: SignIn) -> None:
    first = (await sign_in(person())).tokens
    second = (await refresh(auth, first["refresh_token"])).json()
    assert second["session_id"] == first["session_id"]
    assert second["refresh_token"] != first["refresh_token"]
    assert second["refresh_expires_at"] >= first["refresh_expires_at"]
    assert (await auth.http.get(ME, headers=bearer(second))).status_code == 200
    third = await refresh(auth, second["refresh_token"])
    assert third.status_code == 200


async def test_a_reused_refresh_token_ends_the_whole_session_at_once(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    who = person()
    first = (await sign_in(who)).tokens
    elsewhere = (await sign_in(who)).tokens
    second = (await refresh(auth, first["refresh_token"])).json()
    superuser.execute(
        "UPDATE identity.refresh_tokens SET used_at = used_at - interval '11 seconds'"
        " WHERE session_id = %s AND used_at IS NOT NULL",
        [first["session_id"]],
    )
    assert_problem(await refresh(auth, first["refresh_token"]), 401)
    assert_problem(await auth.http.get(ME, headers=bearer(second)), 401)
    assert_problem(await refresh(auth, second["refresh_token"]), 401)
    assert (await auth.http.get(ME, headers=bearer(elsewhere))).status_code == 200
    reason = superuser.execute(
        "SELECT revoked_reason FROM identity.sessions WHERE id = %s", [first["session_id"]]
    ).fetchone()
    assert reason == ("token_reused",)
    trail = superuser.execute(
        "SELECT details->>'reason' FROM audit.events WHERE action = 'session.end' AND resource_id = %s",
        [first["session_id"]],
    ).fetchall()
    assert trail == [("token_reused",)]


@pytest.mark.parametrize("damage", ["", "rt_", "rt_AAAA", "truncated", "another prefix", "another secret", "rt_🦊"])
async def test_a_damaged_refresh_token_is_refused(
    auth: ServiceClient, person: Person, sign_in: SignIn, damage: str
) -> None:
    token = (await sign_in(person())).tokens["refresh_token"]
    damaged = {
        "truncated": token[:-4],
        "another prefix": token.replace("rt_", "ak_", 1),
        "another secret": token[:-20] + ("A" * 20),
    }.get(damage, damage)
    reply = await refresh(auth, damaged)
    assert reply.status_code in (401, 422)
    assert (await refresh(auth, token)).status_code == 200


async def test_somebody_who_knows_another_persons_ids_cannot_end_their_session(
    auth: ServiceClient, person: Person, sign_in: SignIn
) -> None:
    victim = (await sign_in(person())).tokens
    spent = victim["refresh_token"]
    fresh = (await refresh(auth, spent)).json()
    guessed = spent[:-24] + "A" * 24
    assert_problem(await refresh(auth, guessed), 401)
    assert (await refresh(auth, fresh["refresh_token"])).status_code == 200


async def test_logging_out_ends_this_session_only(auth: ServiceClient, person: Person, sign_in: SignIn) -> None:
    who = person()
    here, there = (await sign_in(who)).tokens, (await sign_in(who)).tokens
    assert (await auth.http.post(f"{AUTH}/logout", headers=bearer(here))).status_code == 204
    assert_problem(await auth.http.get(ME, headers=bearer(here)), 401)
    assert_problem(await refresh(auth, here["refresh_token"]), 401)
    assert (await auth.http.get(ME, headers=bearer(there))).status_code == 200


async def test_logging_out_everywhere_ends_all_and_a_new_sign_in_works(
    auth: ServiceClient, person: Person, sign_in: SignIn
) -> None:
    who = person()
    several = [(await sign_in(who)).tokens for _ in range(3)]
    assert (await auth.http.post(f"{AUTH}/logout-all", headers=bearer(several[0]))).status_code == 204
    for tokens in several:
        assert_problem(await auth.http.get(ME, headers=bearer(tokens)), 401)
        assert_problem(await refresh(auth, tokens["refresh_token"]), 401)
    again = (await sign_in(who)).tokens
    assert (await auth.http.get(ME, headers=bearer(again))).status_code == 200


async def test_people_see_and_end_their_own_sessions_only(auth: ServiceClient, person: Person, sign_in: SignIn) -> None:
    who, stranger = person(), person()
    phone = await sign_in(who, headers={"User-Agent": "phone\x7f"})
    laptop = await sign_in(who, headers={"User-Agent": "laptop"})
    other = await sign_in(stranger)
    page = (await auth.http.get(f"{AUTH}/sessions?with_total=true", headers=laptop.headers)).json()
    assert page["total"] == 2
    assert [(s["user_agent"], s["current"]) for s in page["items"]] == [("laptop", True), ("phone", False)]
    assert page["items"][0]["ip_address"] == "203.0.113.7"
    path = f"{AUTH}/sessions/{phone.tokens['session_id']}"
    assert_problem(await auth.http.delete(path, headers=other.headers), 404)
    assert (await auth.http.delete(path, headers=laptop.headers)).status_code == 204
    assert_problem(await auth.http.get(ME, headers=phone.headers), 401)
    assert_problem(await auth.http.delete(path, headers=laptop.headers), 404)


async def test_switching_spends_the_older_refresh_token(
    auth: ServiceClient, person: Person, sign_in: SignIn, world: World, superuser: psycopg.Connection
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    other = new_id()
    superuser.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role)"
        " VALUES (%s, %s, %s, %s, 'org_admin')",
        [world.two.id, other, who.user_id, world.two.organization_id],
    )
    signed_in = await sign_in(who)
    reply = await auth.http.post(f"{AUTH}/switch", json={"membership_id": str(other)}, headers=signed_in.headers)
    assert reply.json()["membership"]["membership_id"] == str(other)
    profile = (await auth.http.get(ME, headers=bearer(reply.json()))).json()
    assert {m["tenant_id"] for m in profile["memberships"]} == {str(world.one.id), str(world.two.id)}
    assert_problem(await refresh(auth, signed_in.tokens["refresh_token"]), 401)


async def test_nobody_switches_to_somebody_elses_membership(
    auth: ServiceClient, person: Person, sign_in: SignIn, world: World
) -> None:
    signed_in = await sign_in(person())
    for membership in (world.one.tenant_admin.membership_id, new_id()):
        body = {"membership_id": str(membership)}
        assert_problem(await auth.http.post(f"{AUTH}/switch", json=body, headers=signed_in.headers), 404)


async def test_a_role_taken_away_is_gone_at_the_next_refresh(
    auth: ServiceClient, person: Person, sign_in: SignIn, world: World, superuser: psycopg.Connection
) -> None:
    who = person(Role.ORG_ADMIN, world.one.id, world.one.organization_id)
    tokens = (await sign_in(who)).tokens
    superuser.execute("UPDATE identity.memberships SET role = 'org_member' WHERE id = %s", [who.membership_id])
    refreshed = (await refresh(auth, tokens["refresh_token"])).json()
    assert refreshed["membership"]["role"] == "org_member"
    superuser.execute("DELETE FROM identity.memberships WHERE id = %s", [who.membership_id])
    assert_problem(await refresh(auth, refreshed["refresh_token"]), 401)


async def test_a_deactivated_person_is_not_refreshed(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    who = person()
    tokens = (await sign_in(who)).tokens
    superuser.execute("UPDATE identity.users SET status = 'deactivated' WHERE id = %s", [who.user_id])
    assert_problem(await refresh(auth, tokens["refresh_token"]), 401)


async def test_a_session_past_its_time_is_not_refreshed(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    tokens = (await sign_in(person())).tokens
    superuser.execute("UPDATE identity.sessions SET expires_at = now() WHERE id = %s", [tokens["session_id"]])
    assert_problem(await refresh(auth, tokens["refresh_token"]), 401)
