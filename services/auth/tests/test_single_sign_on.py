"""Single sign-on through a real OpenID provider that runs here."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sso_helpers import (
    CALLBACK,
    CONNECTION,
    SSO,
    RealProvider,
    come_back,
    connect,
    connection_to,
    link,
    query_of,
    real_provider,
    redeem,
    sign_in_at_provider,
    slug_of,
    start,
)

from accunode_auth.mfa.vault import Vault
from accunode_auth.settings import AuthSettings
from accunode_auth.single_sign_on import people
from accunode_common.auth.roles import Role
from accunode_common.models.federation import SsoConnection
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World, WorldMaker
from accunode_common.testing.problems import assert_problem

ME = "/api/v1/users/me"
PEOPLE = ("ada@bank.example", "grace@bank.example", "mallory@bank.example")

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def provider() -> Iterator[RealProvider]:
    with real_provider(*PEOPLE) as provider:
        yield provider


@pytest.fixture
async def bank(auth: ServiceClient, world: World, provider: RealProvider) -> World:
    """The world, whose tenant one lets the provider vouch for its people."""
    await connect(auth, world.one.tenant_admin, provider.issuer, default_organization_id=str(world.one.organization_id))
    return world


@pytest.fixture
async def linked(auth: ServiceClient, bank: World, provider: RealProvider, person: Person, sign_in: SignIn) -> Any:
    """A member of tenant one who signed in here and linked the account."""
    signed_in = await sign_in(person(Role.ORG_MEMBER, bank.one.id, bank.one.organization_id))
    reply = await link(auth, provider, signed_in.headers, "ada")
    assert reply.status_code == 200, reply.text
    return signed_in


async def test_an_owner_links_the_account_and_signs_in_through_the_provider(
    auth: ServiceClient, bank: World, provider: RealProvider, linked: Any, superuser: psycopg.Connection
) -> None:
    reply = await provider.sign_in(auth, slug_of(bank.one.id), "ada")
    assert reply.status_code == 200, reply.text
    me = await auth.http.get(ME, headers={"Authorization": f"Bearer {reply.json()['access_token']}"})
    assert (me.json()["id"], me.json()["tenant_id"]) == (str(linked.person.user_id), str(bank.one.id))
    actions = superuser.execute(
        "SELECT action FROM audit.events WHERE tenant_id = %s AND action LIKE %s ORDER BY id",
        [bank.one.id, "sso%"],
    ).fetchall()
    assert [action for (action,) in actions] == ["sso_connection.save", "sso_identity.link"]
    methods = superuser.execute(
        "SELECT authentication_methods FROM identity.sessions WHERE id = %s", [reply.json()["session_id"]]
    ).fetchone()
    assert methods == (["sso"],)


async def test_a_provider_takes_over_no_account_by_its_address(
    auth: ServiceClient, bank: World, provider: RealProvider, superuser: psycopg.Connection, world_maker: WorldMaker
) -> None:
    """Whatever address it asserts, and whoever has it: a stranger's, a colleague's, a super admin's."""
    victims = [
        world_maker.caller(Role.SUPER_ADMIN, bank.super_admin.tenant_id),
        world_maker.caller(Role.ORG_ADMIN, bank.two.id, bank.two.organization_id),
        world_maker.caller(Role.ORG_MEMBER, bank.one.id, bank.one.organization_id),
    ]
    for victim in victims:
        has_address(superuser, victim, "mallory@bank.example")
        problem = assert_problem(await provider.sign_in(auth, slug_of(bank.one.id), "mallory"), 403)
        assert "link it" in problem["detail"]
        has_address(superuser, victim, victim.email)
        found = superuser.execute("SELECT count(*) FROM identity.sessions WHERE user_id = %s", [victim.user_id])
        assert found.fetchone() == (0,)


def has_address(superuser: psycopg.Connection, who: Caller, address: str) -> None:
    with superuser.transaction():
        superuser.execute("SELECT set_config('app.user_id', %s, true)", [str(who.user_id)])
        superuser.execute(
            "UPDATE identity.users SET email = %s, email_key = %s WHERE id = %s", [address, address, who.user_id]
        )


async def test_a_session_that_one_tenant_vouched_for_works_in_that_tenant_only(
    auth: ServiceClient, bank: World, provider: RealProvider, linked: Any, superuser: psycopg.Connection
) -> None:
    """Else a tenant's administrator, who runs the provider, would reach what its people have elsewhere."""
    elsewhere = superuser.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role)"
        " VALUES (%s, gen_random_uuid(), %s, %s, 'org_admin') RETURNING id",
        [bank.two.id, linked.person.user_id, bank.two.organization_id],
    ).fetchone()
    assert elsewhere is not None
    tokens = (await provider.sign_in(auth, slug_of(bank.one.id), "ada")).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    switch = {"membership_id": str(elsewhere[0])}
    assert_problem(await auth.http.post("/api/v1/auth/switch", json=switch, headers=headers), 404)
    assert (await auth.http.post("/api/v1/auth/switch", json=switch, headers=linked.headers)).status_code == 200
    superuser.execute(
        "DELETE FROM identity.memberships WHERE user_id = %s AND tenant_id = %s", [linked.person.user_id, bank.one.id]
    )
    refresh = {"refresh_token": tokens["refresh_token"]}
    assert_problem(await auth.http.post("/api/v1/auth/refresh", json=refresh), 401)


async def test_unlinking_ends_what_the_provider_vouched_for(
    auth: ServiceClient, bank: World, provider: RealProvider, linked: Any
) -> None:
    tokens = (await provider.sign_in(auth, slug_of(bank.one.id), "ada")).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    identities = (await auth.http.get(f"{SSO}/identities", headers=linked.headers)).json()["items"]
    assert [identity["issuer"] for identity in identities] == [provider.issuer]
    gone = await auth.http.delete(f"{SSO}/identities/{identities[0]['id']}", headers=linked.headers)
    assert gone.status_code == 204, gone.text
    assert_problem(await auth.http.get(ME, headers=headers), 401)
    assert (await auth.http.get(ME, headers=linked.headers)).status_code == 200
    assert_problem(await provider.sign_in(auth, slug_of(bank.one.id), "ada"), 403)


async def test_a_provider_account_is_linked_to_one_account_only(
    auth: ServiceClient, bank: World, provider: RealProvider, linked: Any, person: Person, sign_in: SignIn
) -> None:
    other = await sign_in(person(Role.ORG_MEMBER, bank.one.id, bank.one.organization_id))
    assert_problem(await link(auth, provider, other.headers, "ada"), 409)


async def test_nobody_is_made_to_link_somebody_elses_provider_account(
    auth: ServiceClient, bank: World, provider: RealProvider, person: Person, sign_in: SignIn
) -> None:
    """The code of a link is for the account and the client that began it."""
    attacker = await sign_in(person(Role.ORG_MEMBER, bank.one.id, bank.one.organization_id))
    victim = await sign_in(person(Role.ORG_MEMBER, bank.one.id, bank.one.organization_id))
    begun = (await auth.http.post(f"{SSO}/links", headers=attacker.headers)).json()
    back = await sign_in_at_provider(begun["authorization_url"], "grace", provider.password)
    code = (await come_back(auth, back)).json()["code"]
    body = {"code": code, "state_token": begun["state_token"]}
    assert_problem(await auth.http.post(f"{SSO}/links/complete", json=body, headers=victim.headers), 410)
    assert_problem(await redeem(auth, code, begun["state_token"]), 401)


async def test_codes_and_states_are_good_once_and_for_the_client_that_began(
    auth: ServiceClient, bank: World, provider: RealProvider, linked: Any
) -> None:
    slug = slug_of(bank.one.id)
    mine, others = await start(auth, slug), await start(auth, slug)
    back = await sign_in_at_provider(mine["authorization_url"], "ada", provider.password)
    code = (await come_back(auth, back)).json()["code"]
    assert_problem(await come_back(auth, back), 410)
    assert_problem(await redeem(auth, code, others["state_token"]), 401)
    assert_problem(await redeem(auth, code, mine["state_token"]), 401)
    code, state_token = await provider.vouch(auth, slug, "ada")
    assert (await redeem(auth, code, state_token)).status_code == 200
    assert_problem(await redeem(auth, code, state_token), 401)


async def test_a_browser_is_bound_by_a_cookie_and_goes_back_to_its_page(
    auth: ServiceClient, bank: World, provider: RealProvider, linked: Any
) -> None:
    page = "http://127.0.0.1:8000/signed-in?tab=1"
    begun = await auth.http.get(f"{SSO}/{slug_of(bank.one.id)}/start", params={"redirect": page})
    assert begun.status_code == 302
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    auth.http.cookies.clear()
    state = query_of(begun.headers["location"])["state"]
    assert_problem(await come_back(auth, f"{CALLBACK}?state={state}&code=any"), 403)
    begun = await auth.http.get(f"{SSO}/{slug_of(bank.one.id)}/start", params={"redirect": page})
    mine = {"Cookie": begun.headers["set-cookie"].partition(";")[0]}
    auth.http.cookies.clear()
    back = await sign_in_at_provider(begun.headers["location"], "ada", provider.password)
    arrived = await come_back(auth, back, headers=mine)
    assert arrived.status_code == 302, arrived.text
    assert arrived.headers["location"].startswith(page)
    code = query_of(arrived.headers["location"])["code"]
    tokens = await auth.http.post(f"{SSO}/token", json={"code": code}, headers=mine)
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["access_token"] not in arrived.headers["location"]


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/",
        "//evil.example/",
        "http://127.0.0.1:8000@evil.example/",
        "http://127.0.0.1:8000.evil.example/",
        "javascript:alert(1)",
        "http://127.0.0.1:8001/",
        "/relative",
        "http://evil.example\\@127.0.0.1:8000/",
    ],
)
async def test_browsers_are_sent_back_to_known_pages_only(auth: ServiceClient, bank: World, page: str) -> None:
    reply = await auth.http.get(f"{SSO}/{slug_of(bank.one.id)}/start", params={"redirect": page})
    assert_problem(reply, 422, pointer="/query/redirect")


async def test_the_secret_is_kept_encrypted_and_never_shown(
    auth: ServiceClient, bank: World, superuser: psycopg.Connection, auth_settings: AuthSettings
) -> None:
    shown = await auth.as_(bank.one.tenant_admin).get(CONNECTION)
    secret = str(connection_to("")["client_secret"])
    assert secret not in shown.text
    row = superuser.execute(
        "SELECT client_secret_encrypted FROM identity.sso_connections WHERE tenant_id = %s", [bank.one.id]
    ).fetchone()
    assert row is not None
    assert secret.encode() not in row[0]
    vault = Vault(auth_settings.mfa, purpose=b"accunode client secrets")
    assert vault.open(bank.one.id, row[0]).decode() == secret


async def test_saving_without_the_secret_keeps_it_for_the_same_issuer_only(
    auth: ServiceClient, bank: World, provider: RealProvider
) -> None:
    admin = auth.as_(bank.one.tenant_admin)
    kept = connection_to(provider.issuer, client_secret=None, name="Renamed")
    assert (await admin.put(CONNECTION, json=kept)).json()["name"] == "Renamed"
    fresh = auth.as_(bank.two.tenant_admin)
    assert_problem(await fresh.put(CONNECTION, json=kept), 422, pointer="/body/client_secret")


async def test_only_a_tenants_own_administrators_set_it_up(
    auth: ServiceClient, bank: World, provider: RealProvider
) -> None:
    body = connection_to(provider.issuer)
    for caller in (bank.one.org_admin, bank.one.org_member, bank.user):
        assert_problem(await auth.as_(caller).put(CONNECTION, json=body), 403)
        assert_problem(await auth.as_(caller).get(CONNECTION), 403)
    assert_problem(await auth.as_(bank.super_admin).put(CONNECTION, json=body), 403)
    assert_problem(await auth.as_(bank.two.tenant_admin).get(CONNECTION), 404)
    mapped = connection_to(provider.issuer, default_organization_id=str(bank.two.organization_id))
    assert_problem(await auth.as_(bank.one.tenant_admin).put(CONNECTION, json=mapped), 422)


async def test_a_mail_domain_counts_for_one_tenant_and_once_the_platform_confirmed_it(
    auth: ServiceClient, world: World, superuser: psycopg.Connection
) -> None:
    domain = f"bank-{world.one.id}.example"
    one, two, platform = (auth.as_(who) for who in (world.one.tenant_admin, world.two.tenant_admin, world.super_admin))
    claimed = await one.post(f"{SSO}/domains", json={"domain": domain.upper()})
    assert (claimed.status_code, claimed.json()["domain"], claimed.json()["confirmed_at"]) == (201, domain, None)
    assert (await two.post(f"{SSO}/domains", json={"domain": domain})).status_code == 201
    confirm = f"{SSO}/domains/{domain}/confirm"
    assert_problem(await one.post(confirm, json={"tenant_id": str(world.one.id)}), 403)
    assert (await platform.post(confirm, json={"tenant_id": str(world.one.id)})).json()["confirmed_at"] is not None
    assert_problem(await platform.post(confirm, json={"tenant_id": str(world.two.id)}), 409)
    assert [item["domain"] for item in (await two.get(f"{SSO}/domains")).json()["items"]] == [domain]
    assert (await one.delete(f"{SSO}/domains/{domain}")).status_code == 204
    assert (await platform.post(confirm, json={"tenant_id": str(world.two.id)})).status_code == 200
    actions = superuser.execute(
        "SELECT action FROM audit.events WHERE tenant_id = %s ORDER BY id", [world.one.id]
    ).fetchall()
    assert [action for (action,) in actions] == ["sso_domain.claim", "sso_domain.confirm", "sso_domain.remove"]


ROLES = [{"value": "staff", "role": "org_member"}, {"value": "heads", "role": "org_admin"}]


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": ["staff", "heads"]}, Role.ORG_ADMIN),
        ({"groups": "staff"}, Role.ORG_MEMBER),
        ({"groups": ["Heads", "head", 7, None, {"heads": 1}]}, None),
        ({"groups": {"heads": True}}, None),
        ({}, None),
    ],
)
def test_claims_give_the_highest_role_that_they_name_and_no_other(claims: dict[str, Any], role: Role | None) -> None:
    organization = uuid4()
    connection = SsoConnection(
        role_claim="groups", role_values=ROLES, organization_claim=None, organization_values=[],
        default_role=None, default_organization_id=organization,
    )  # fmt: skip
    assert people.places(connection, claims) == ({} if role is None else {organization: role})


@pytest.mark.parametrize("value", [False, None, "false", "True", 0, 2, [True], {"true": 1}, ""])
def test_an_address_is_the_persons_only_if_the_provider_says_so_plainly(value: Any) -> None:
    connection = SsoConnection(verified_claim="email_verified")
    claims = {"email": "ada@bank.example", "email_verified": value}
    assert people.verified_address(connection, claims) is None
    assert people.verified_address(connection, {**claims, "email_verified": True}) == "ada@bank.example"
