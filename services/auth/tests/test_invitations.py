"""A person becomes a member by an invitation that the owner of the address accepts, and in no other way."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from accunode_auth.settings import AuthSettings
from accunode_common.auth.roles import Role
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.problems import assert_problem

USERS = "/api/v1/users"
ME = f"{USERS}/me"
OWN = f"{ME}/invitations"
INVITATIONS = "/api/v1/invitations"
ACCEPT = "/api/v1/auth/invitations/accept"
PASSWORD = "correct horse battery staple"
NEW_PASSWORD = "seven blue herons wading"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
SHARED = ("role", "tenant_id", "organization_id", "managed", "state", "invited_by", "decided_at")


def mails(settings: AuthSettings, address: str) -> list[str]:
    """The texts of the mails to an address."""
    assert settings.mail.url is not None
    folder = Path(settings.mail.url.get_secret_value().removeprefix("file://"))
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]
    return [mail.get_content() for mail in found if mail["To"] == address]


def token_of(settings: AuthSettings, address: str) -> str:
    """The token in the latest mail to an address."""
    found = re.findall(r"^iv_[\w=-]+$", mails(settings, address)[-1], flags=re.MULTILINE)
    return str(found[0])


async def invite(auth: ServiceClient, admin: Caller, email: str, role: str = "org_member", **place: Any) -> Any:
    reply = await auth.as_(admin).post(USERS, json={"email": email, "role": role, **place})
    assert reply.status_code == 201, reply.text
    return reply.json()


def traces(superuser: psycopg.Connection, who: Caller) -> list[Any]:
    """All that the database holds of a person."""
    return superuser.execute(
        "SELECT u::text FROM identity.users u WHERE id = %(id)s"
        " UNION ALL SELECT m::text FROM identity.memberships m WHERE user_id = %(id)s"
        " UNION ALL SELECT s::text FROM identity.sessions s WHERE user_id = %(id)s"
        " UNION ALL SELECT k::text FROM identity.api_keys k WHERE user_id = %(id)s"
        " UNION ALL SELECT r::text FROM identity.revocations r WHERE id = %(id)s ORDER BY 1",
        {"id": who.user_id},
    ).fetchall()


async def test_an_invitation_tells_and_changes_nothing_of_whoever_has_the_address(
    auth: ServiceClient,
    world: World,
    superuser: psycopg.Connection,
    world_maker: WorldMaker,
    auth_settings: AuthSettings,
) -> None:
    squatter, blocked = (
        world_maker.caller(Role.USER, PLATFORM_TENANT_ID),
        world_maker.caller(Role.USER, PLATFORM_TENANT_ID),
    )
    superuser.execute("UPDATE identity.users SET email_verified_at = NULL WHERE id = %s", [squatter.user_id])
    superuser.execute("UPDATE identity.users SET status = 'deactivated' WHERE id = %s", [blocked.user_id])
    people = (world.two.org_member, world.two.tenant_admin, world.super_admin, world.user, squatter, blocked)
    before = {each.name + str(each.user_id): traces(superuser, each) for each in people}
    nobody = await invite(auth, world.one.org_admin, f"{new_id()}@nowhere.example")
    for each in people:
        shown = await invite(auth, world.one.org_admin, each.email)
        assert {key: shown[key] for key in SHARED} == {key: nobody[key] for key in SHARED}
        assert set(shown) == set(nobody)
        assert shown["email"] == each.email
        assert_problem(await auth.as_(world.one.org_admin).get(f"{USERS}/{each.user_id}"), 404)
        assert each is blocked or (await auth.as_(each).get(ME)).status_code == 200
        assert len(mails(auth_settings, each.email)) == 1
    assert before == {each.name + str(each.user_id): traces(superuser, each) for each in people}
    listed = (await auth.as_(world.one.org_admin).get(USERS, params={"limit": 200})).json()["items"]
    assert {item["id"] for item in listed}.isdisjoint(str(each.user_id) for each in people)


async def test_inviting_looks_no_account_up(auth: ServiceClient, world: World, superuser: psycopg.Connection) -> None:
    """Neither reply nor time can tell what was never asked: the one look-up by address is not made."""
    signing_in = {"email": world.one.org_member.email, "password": "whatever it may be"}
    superuser.execute("REVOKE EXECUTE ON FUNCTION identity.find_sign_in(text) FROM accunode_auth")
    try:
        assert (await auth.http.post("/api/v1/auth/login", json=signing_in)).status_code == 403
        await invite(auth, world.one.org_admin, world.two.org_member.email)
    finally:
        superuser.execute("GRANT EXECUTE ON FUNCTION identity.find_sign_in(text) TO accunode_auth")


async def test_its_owner_accepts_and_no_token_ends(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    who = world.two.org_member
    made = await invite(auth, world.one.org_admin, who.email.upper(), "org_admin")
    offered = (await auth.as_(who).get(OWN)).json()["items"]
    assert [(item["id"], item["tenant_id"], item["role"]) for item in offered] == [
        (made["id"], str(world.one.id), "org_admin")
    ]
    reply = await auth.as_(who).post(f"{OWN}/{made['id']}/accept", json={})
    assert reply.status_code == 200, reply.text
    assert reply.json()["organization_id"] == str(world.one.organization_id)
    profile = (await auth.as_(who).get(ME)).json()
    assert {m["tenant_id"] for m in profile["memberships"]} == {str(world.one.id), str(world.two.id)}
    assert (await auth.as_(world.one.org_admin).get(f"{INVITATIONS}/{made['id']}")).json()["state"] == "accepted"
    assert (await auth.as_(world.one.org_admin).get(f"{USERS}/{who.user_id}")).status_code == 200
    assert_problem(await auth.as_(who).post(f"{OWN}/{made['id']}/accept", json={}), 410)
    trail = superuser.execute(
        "SELECT action, actor_id, actor_role, organization_id, details->>'email' FROM audit.events"
        " WHERE tenant_id = %s ORDER BY id",
        [world.one.id],
    ).fetchall()
    organization = world.one.organization_id
    assert trail == [
        ("invitation.create", world.one.org_admin.user_id, "org_admin", organization, who.email.upper()),
        ("invitation.accept", who.user_id, None, organization, who.email.upper()),
    ]


async def test_nobody_else_sees_or_decides_it(auth: ServiceClient, world: World, superuser: psycopg.Connection) -> None:
    made = await invite(auth, world.one.org_admin, world.user.email)
    others = (world.other_user, world.two.org_member, world.one.org_admin, world.one.tenant_admin, world.super_admin)
    for other in others:
        assert (await auth.as_(other).get(OWN)).json()["items"] == []
        for action in ("accept", "decline"):
            reply = await auth.as_(other).post(f"{OWN}/{made['id']}/{action}", json={} if action == "accept" else None)
            assert_problem(reply, 404)
    strangers = (world.two.org_admin, world.two.tenant_admin, world.user)
    for stranger in strangers:
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/resend")):
            reply = await auth.as_(stranger).request(method, f"{INVITATIONS}/{made['id']}{path}")
            assert reply.status_code == (403 if stranger is world.user else 404)
    superuser.execute("UPDATE identity.users SET email_verified_at = NULL WHERE id = %s", [world.user.user_id])
    for reply in (
        await auth.as_(world.user).get(OWN),
        await auth.as_(world.user).post(f"{OWN}/{made['id']}/accept", json={}),
    ):
        assert_problem(reply, 403, "email_not_verified")


async def test_a_declined_a_withdrawn_and_an_expired_invitation_are_over(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    admin, who = auth.as_(world.one.org_admin), auth.as_(world.user)

    async def state(made: Any) -> str:
        return str((await admin.get(f"{INVITATIONS}/{made['id']}")).json()["state"])

    declined = await invite(auth, world.one.org_admin, world.user.email)
    assert (await who.post(f"{OWN}/{declined['id']}/decline")).status_code == 204
    withdrawn = await invite(auth, world.one.org_admin, world.user.email)
    assert (await admin.delete(f"{INVITATIONS}/{withdrawn['id']}")).status_code == 204
    expired = await invite(auth, world.one.org_admin, world.user.email)
    superuser.execute("UPDATE identity.invitations SET expires_at = now() WHERE id = %s", [expired["id"]])
    assert [await state(each) for each in (declined, withdrawn, expired)] == ["declined", "withdrawn", "expired"]
    for made in (declined, withdrawn, expired):
        assert_problem(await who.post(f"{OWN}/{made['id']}/accept", json={}), 410)
    assert_problem(await admin.delete(f"{INVITATIONS}/{declined['id']}"), 410)
    assert_problem(await admin.post(f"{INVITATIONS}/{withdrawn['id']}/resend"), 410)
    fresh = (await admin.post(f"{INVITATIONS}/{expired['id']}/resend")).json()
    assert fresh["state"] == "pending"
    found = (await admin.get(INVITATIONS, params={"state": "pending", "email": world.user.email.upper()})).json()
    assert [item["id"] for item in found["items"]] == [expired["id"]]
    assert (await who.post(f"{OWN}/{expired['id']}/accept", json={})).status_code == 200


async def test_a_mailbox_is_not_flooded(auth: ServiceClient, world: World) -> None:
    made = await invite(auth, world.one.org_admin, f"{new_id()}@bank.example")
    replies = [await auth.as_(world.one.org_admin).post(f"{INVITATIONS}/{made['id']}/resend") for _ in range(5)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 429]


async def test_seats_are_never_exceeded_even_at_the_same_moment(
    auth: ServiceClient, world: World, world_maker: WorldMaker, superuser: psycopg.Connection
) -> None:
    superuser.execute("UPDATE tenancy.organizations SET max_users = 5 WHERE id = %s", [world.one.organization_id])
    people = [world_maker.caller(Role.USER, PLATFORM_TENANT_ID) for _ in range(4)]
    made = [await invite(auth, world.one.org_admin, each.email) for each in people]
    replies = await asyncio.gather(
        *(auth.as_(who).post(f"{OWN}/{one['id']}/accept", json={}) for who, one in zip(people, made, strict=True))
    )
    assert sorted(reply.status_code for reply in replies) == [200, 200, 409, 409]
    full = next(reply for reply in replies if reply.status_code == 409)
    assert_problem(full, 409, "no_seats")


@pytest.mark.parametrize(
    "closing",
    [
        "UPDATE tenancy.organizations SET deleted_at = now() WHERE tenant_id = %s",
        "UPDATE tenancy.tenants SET status = 'suspended' WHERE id = %s",
        "UPDATE tenancy.tenants SET status = 'deleted', deleted_at = now() WHERE id = %s",
    ],
)
async def test_nobody_enters_a_place_that_is_closed(
    auth: ServiceClient, world: World, superuser: psycopg.Connection, auth_settings: AuthSettings, closing: str
) -> None:
    address = f"{new_id()}@bank.example"
    made = await invite(auth, world.one.org_admin, world.user.email)
    await invite(auth, world.one.org_admin, address)
    superuser.execute(closing.encode(), [world.one.id])
    assert_problem(await auth.as_(world.user).post(f"{OWN}/{made['id']}/accept", json={}), 410)
    body = {"token": token_of(auth_settings, address), "password": NEW_PASSWORD}
    assert_problem(await auth.http.post(ACCEPT, json=body), 410)
    place = {"tenant_id": str(world.one.id), "organization_id": str(world.one.organization_id)}
    late = await auth.as_(world.super_admin).post(USERS, json={"email": "n@b.example", "role": "org_member", **place})
    assert_problem(late, 404)


async def test_a_platform_administrator_joins_no_tenant(auth: ServiceClient, world: World) -> None:
    made = await invite(auth, world.one.org_admin, world.super_admin.email)
    assert_problem(await auth.as_(world.super_admin).post(f"{OWN}/{made['id']}/accept", json={}), 403)
    place = {"tenant_id": str(PLATFORM_TENANT_ID)}
    raised = await invite(auth, world.super_admin, world.two.org_member.email, "super_admin", **place)
    assert_problem(await auth.as_(world.two.org_member).post(f"{OWN}/{raised['id']}/accept", json={}), 409)


async def test_a_super_admin_is_appointed_by_an_invitation_too(auth: ServiceClient, world: World) -> None:
    place = {"tenant_id": str(PLATFORM_TENANT_ID)}
    made = await invite(auth, world.super_admin, world.user.email, "super_admin", **place)
    assert (await auth.as_(world.user).post(f"{OWN}/{made['id']}/accept", json={})).status_code == 200
    profile = (await auth.as_(world.user).get(ME)).json()
    assert [m["role"] for m in profile["memberships"]] == ["super_admin"]


async def test_somebody_new_makes_an_account_with_the_mailed_token(
    auth: ServiceClient, world: World, auth_settings: AuthSettings, superuser: psycopg.Connection
) -> None:
    address = f"new-{new_id()}@bank.example"
    made = await invite(auth, world.one.org_admin, address)
    assert "token" not in made
    token = token_of(auth_settings, address)
    body = {"token": token, "password": NEW_PASSWORD, "full_name": "New Person"}
    reply = await auth.http.post(ACCEPT, json=body)
    assert reply.status_code == 201, reply.text
    assert_problem(await auth.http.post(ACCEPT, json=body), 410)
    signed_in = await auth.http.post("/api/v1/auth/login", json={"email": address, "password": NEW_PASSWORD})
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    profile = (await auth.http.get(ME, headers=headers)).json()
    assert (profile["tenant_id"], profile["role"]) == (str(world.one.id), "org_member")
    assert (profile["email_verified"], profile["full_name"]) == (True, "New Person")
    assert len(profile["memberships"]) == 2


async def test_a_token_does_nothing_for_a_verified_account_or_by_guessing(
    auth: ServiceClient, world: World, auth_settings: AuthSettings, superuser: psycopg.Connection
) -> None:
    await invite(auth, world.one.org_admin, world.user.email)
    before = traces(superuser, world.user)
    token = token_of(auth_settings, world.user.email)
    reply = await auth.http.post(ACCEPT, json={"token": token, "password": NEW_PASSWORD})
    assert_problem(reply, 409, "account_exists")
    for wrong in (token[:-4] + "AAAA", "iv_" + "A" * 86, "nonsense nonsense nonsense"):
        assert_problem(await auth.http.post(ACCEPT, json={"token": wrong, "password": NEW_PASSWORD}), 410)
    assert traces(superuser, world.user) == before


async def test_a_squatter_loses_the_address_to_whoever_reads_its_mails(
    auth: ServiceClient,
    world: World,
    person: Person,
    sign_in: SignIn,
    auth_settings: AuthSettings,
    superuser: psycopg.Connection,
) -> None:
    squatter = person()
    superuser.execute("UPDATE identity.users SET email_verified_at = NULL WHERE id = %s", [squatter.user_id])
    signed_in = await enrol_everything(auth, superuser, squatter, sign_in)
    await invite(auth, world.one.org_admin, squatter.email, "org_admin")
    body = {"token": token_of(auth_settings, squatter.email), "password": NEW_PASSWORD, "full_name": "The Owner"}
    assert (await auth.http.post(ACCEPT, json=body)).status_code == 201
    await assert_nothing_is_left(auth, superuser, squatter, signed_in)
    owner = {"email": squatter.email, "password": NEW_PASSWORD}
    assert (await auth.http.post("/api/v1/auth/login", json=owner)).status_code == 200


async def test_an_owners_reset_removes_what_a_squatter_enrolled(
    auth: ServiceClient,
    person: Person,
    sign_in: SignIn,
    auth_settings: AuthSettings,
    superuser: psycopg.Connection,
) -> None:
    squatter = person()
    superuser.execute("UPDATE identity.users SET email_verified_at = NULL WHERE id = %s", [squatter.user_id])
    signed_in = await enrol_everything(auth, superuser, squatter, sign_in)
    await auth.http.post("/api/v1/auth/forgot-password", json={"email": squatter.email})
    token = re.findall(r"^pr_[\w=-]+$", mails(auth_settings, squatter.email)[-1], flags=re.MULTILINE)[0]
    body = {"token": token, "new_password": NEW_PASSWORD}
    reply = await auth.http.post("/api/v1/auth/reset-password", json=body)
    assert reply.status_code == 200, reply.text
    await assert_nothing_is_left(auth, superuser, squatter, signed_in)


async def test_a_reset_of_a_verified_account_keeps_what_its_owner_enrolled(
    auth: ServiceClient, person: Person, sign_in: SignIn, auth_settings: AuthSettings, superuser: psycopg.Connection
) -> None:
    owner = person()
    await enrol_everything(auth, superuser, owner, sign_in)
    await auth.http.post("/api/v1/auth/forgot-password", json={"email": owner.email})
    token = re.findall(r"^pr_[\w=-]+$", mails(auth_settings, owner.email)[-1], flags=re.MULTILINE)[0]
    body = {"token": token, "new_password": NEW_PASSWORD}
    assert (await auth.http.post("/api/v1/auth/reset-password", json=body)).status_code == 200
    kept = superuser.execute("SELECT 1 FROM identity.totp_credentials WHERE user_id = %s", [owner.user_id]).fetchall()
    assert len(kept) == 1


ENROLLED = ("totp_credentials", "recovery_codes", "api_keys", "passkeys")


async def enrol_everything(auth: ServiceClient, superuser: psycopg.Connection, who: Caller, sign_in: SignIn) -> Any:
    """Enrols an authenticator, a recovery code and an API key, on top of a session."""
    signed_in = await sign_in(who)
    superuser.execute(
        "INSERT INTO identity.totp_credentials (user_id, secret_encrypted, confirmed_at) VALUES (%s, '', now())",
        [who.user_id],
    )
    superuser.execute(
        "INSERT INTO identity.recovery_codes (id, user_id, code_hash) VALUES (%s, %s, '')", [new_id(), who.user_id]
    )
    superuser.execute(
        "INSERT INTO identity.api_keys (tenant_id, id, user_id, name, key_hash, scopes, expires_at)"
        " VALUES (%s, %s, %s, 'k', '', '{}', now() + interval '1 day')",
        [PLATFORM_TENANT_ID, new_id(), who.user_id],
    )
    return signed_in


async def assert_nothing_is_left(
    auth: ServiceClient, superuser: psycopg.Connection, who: Caller, signed_in: Any
) -> None:
    for table in ENROLLED:
        rows = superuser.execute(
            f"SELECT 1 FROM identity.{table} WHERE user_id = %s".encode(), [who.user_id]
        ).fetchall()
        assert rows == [], table
    assert_problem(await auth.http.get(ME, headers=signed_in.headers), 401)
    refresh = {"refresh_token": signed_in.tokens["refresh_token"]}
    assert_problem(await auth.http.post("/api/v1/auth/refresh", json=refresh), 401)
    squatter = {"email": who.email, "password": PASSWORD}
    assert_problem(await auth.http.post("/api/v1/auth/login", json=squatter), 401)


def manage(superuser: psycopg.Connection, tenant_id: UUID) -> None:
    superuser.execute(
        "UPDATE tenancy.tenants SET settings = settings || '{\"managed_accounts\": true}' WHERE id = %s", [tenant_id]
    )


async def test_an_account_is_managed_by_a_tenant_only_if_its_owner_accepts_that(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    manage(superuser, world.one.id)
    made = await invite(auth, world.one.org_admin, world.user.email)
    assert made["managed"] is True
    path = f"{OWN}/{made['id']}/accept"
    assert_problem(await auth.as_(world.user).post(path, json={}), 422, pointer="/body/accept_managed")
    joined = await auth.as_(world.user).post(path, json={"accept_managed": True})
    assert joined.json()["managed"] is True
    admin, person_path = auth.as_(world.one.tenant_admin), f"{USERS}/{world.user.user_id}"
    assert (await admin.patch(person_path, json={"full_name": "Renamed"})).status_code == 200
    elsewhere = await invite(auth, world.two.org_admin, world.user.email)
    again = await auth.as_(world.user).post(f"{OWN}/{elsewhere['id']}/accept", json={})
    assert again.json()["managed"] is False
    assert_problem(await admin.patch(person_path, json={"full_name": "Again"}), 403)
    assert_problem(await admin.post(f"{person_path}/deactivate"), 403)


async def test_an_account_that_belongs_elsewhere_is_not_managed(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    manage(superuser, world.one.id)
    made = await invite(auth, world.one.org_admin, world.two.org_member.email)
    reply = await auth.as_(world.two.org_member).post(f"{OWN}/{made['id']}/accept", json={"accept_managed": True})
    assert reply.json()["managed"] is False
