"""People of the tenant's own mail domains get accounts at their first sign-in, and memberships as the claims say."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from jit_helpers import DOMAIN, mapping, own_domain, says
from lying_provider import LyingProvider, lying_provider
from sso_helpers import RealProvider, come_from, connect, real_provider, redeem, sign_in_from, slug_of

from accunode_common.auth.roles import Role
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import TenantWorld, World, WorldMaker
from accunode_common.testing.problems import assert_problem

ME = "/api/v1/users/me"


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    with lying_provider() as provider:
        provider.claims = says("staff", "credit")
        yield provider


@pytest.fixture
async def bank(
    auth: ServiceClient, world: World, provider: LyingProvider, superuser: psycopg.Connection
) -> TenantWorld:
    own_domain(superuser, world.one.id)
    await connect(auth, world.one.tenant_admin, provider.issuer, **mapping(world.one))
    return world.one


async def comes(auth: ServiceClient, bank: TenantWorld, provider: LyingProvider) -> dict[str, Any]:
    reply = await sign_in_from(auth, bank.id, provider)
    assert reply.status_code == 200, reply.text
    tokens: dict[str, Any] = reply.json()
    return tokens


async def me(auth: ServiceClient, tokens: dict[str, Any]) -> httpx.Response:
    return await auth.http.get(ME, headers={"Authorization": f"Bearer {tokens['access_token']}"})


def places_of(superuser: psycopg.Connection, bank: TenantWorld, address: str = f"ada@{DOMAIN}") -> dict[Any, str]:
    found = superuser.execute(
        "SELECT m.organization_id, m.role FROM identity.memberships m JOIN identity.users u ON u.id = m.user_id"
        " WHERE u.email_key = %s AND m.tenant_id = %s",
        [address, bank.id],
    )
    return dict(found.fetchall())


def accounts(superuser: psycopg.Connection, address: str = f"ada@{DOMAIN}") -> int:
    return superuser.execute("SELECT 1 FROM identity.users WHERE email_key = %s", [address]).rowcount


def trail(superuser: psycopg.Connection, bank: TenantWorld) -> list[tuple[str, Any]]:
    return superuser.execute(
        "SELECT action, details FROM audit.events WHERE tenant_id = %s AND action LIKE 'sso%%' ORDER BY id", [bank.id]
    ).fetchall()


async def test_somebody_new_gets_an_account_that_the_tenant_manages(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    tokens = await comes(auth, bank, provider)
    seen = (await me(auth, tokens)).json()
    assert (seen["email"], seen["full_name"], seen["tenant_id"]) == (f"ada@{DOMAIN}", "Ada Lovelace", str(bank.id))
    kept = superuser.execute(
        "SELECT managed_by_tenant_id, password_hash, email_verified_at IS NOT NULL FROM identity.users WHERE id = %s",
        [seen["id"]],
    ).fetchone()
    assert kept == (bank.id, None, True)
    assert places_of(superuser, bank) == {bank.organization_id: "org_member"}
    told = trail(superuser, bank)
    assert [action for action, _ in told] == ["sso_connection.save", "sso_identity.link", "sso.follow"]
    assert told[1][1]["how"] == "just in time"
    again = await comes(auth, bank, provider)
    assert (await me(auth, again)).json()["id"] == seen["id"]
    assert (await me(auth, tokens)).status_code == 200, "nothing changed, so nothing ended"


@pytest.fixture(scope="module")
def canaille() -> Iterator[RealProvider]:
    with real_provider(f"grace@{DOMAIN}") as provider:
        yield provider


async def test_a_real_provider_makes_people_members_and_takes_it_back(
    auth: ServiceClient, world: World, canaille: RealProvider, superuser: psycopg.Connection
) -> None:
    own_domain(superuser, world.one.id)
    rules = {"scopes": ["profile", "email", "groups"], "default_organization_id": str(world.one.organization_id)}
    roles = [{"value": "risk", "role": "org_admin"}]
    await connect(auth, world.one.tenant_admin, canaille.issuer, **mapping(world.one, role_values=roles, **rules))
    first = await canaille.sign_in(auth, slug_of(world.one.id), "grace")
    assert first.status_code == 200, first.text
    assert first.json()["membership"]["role"] == "org_admin"
    roles = [{"value": "other", "role": "org_admin"}]
    await connect(auth, world.one.tenant_admin, canaille.issuer, **mapping(world.one, role_values=roles, **rules))
    assert_problem(await canaille.sign_in(auth, slug_of(world.one.id), "grace"), 403)
    assert_problem(await me(auth, first.json()), 401)
    assert places_of(superuser, world.one, f"grace@{DOMAIN}") == {}


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (says("staff", "treasury"), {"treasury": "org_member"}),
        (says("heads", "credit", "treasury"), {"credit": "org_admin", "treasury": "org_admin"}),
        (says("chiefs"), {None: "tenant_admin"}),
    ],
)
async def test_memberships_follow_the_claims_and_tokens_from_before_end(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection,
    after: dict[str, Any], left: dict[str | None, str],
) -> None:  # fmt: skip
    before = await comes(auth, bank, provider)
    provider.claims = after
    now = await comes(auth, bank, provider)
    ids = {"credit": bank.organization_id, "treasury": bank.outsider.subject.organization_id, None: None}
    assert places_of(superuser, bank) == {ids[name]: role for name, role in left.items()}
    assert_problem(await me(auth, before), 401)
    assert (await me(auth, now)).status_code == 200
    assert trail(superuser, bank)[-1][0] == "sso.follow"


async def test_who_lost_every_role_at_the_provider_is_let_in_again_once_it_gives_one(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    before = await comes(auth, bank, provider)
    provider.claims = says(None, "credit")
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    assert places_of(superuser, bank) == {}
    assert_problem(await me(auth, before), 401)
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    provider.claims = says("staff", "credit")
    await comes(auth, bank, provider)
    assert places_of(superuser, bank) == {bank.organization_id: "org_member"}


async def test_whom_an_administrator_removed_does_not_come_back(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    await comes(auth, bank, provider)
    superuser.execute(
        "DELETE FROM identity.memberships m USING identity.users u WHERE u.id = m.user_id AND u.email_key = %s"
        " AND m.tenant_id = %s",
        [f"ada@{DOMAIN}", bank.id],
    )
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    assert places_of(superuser, bank) == {}


@pytest.mark.parametrize("claims", [says("staff", "credit"), says("chiefs"), says("heads", "treasury"), says(None)])
async def test_a_suspended_membership_stays_suspended_whatever_the_claims(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection,
    claims: dict[str, Any],
) -> None:  # fmt: skip
    user_id = (await me(auth, await comes(auth, bank, provider))).json()["id"]
    suspended = await auth.as_(bank.tenant_admin).post(f"/api/v1/users/{user_id}/suspend", json={})
    assert suspended.status_code == 200, suspended.text
    provider.claims = claims
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    found = superuser.execute(
        "SELECT organization_id, role, status FROM identity.memberships WHERE user_id = %s AND tenant_id = %s",
        [user_id, bank.id],
    ).fetchall()
    assert found == [(bank.organization_id, "org_member", "suspended")]


async def test_the_last_administrator_stays_one(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    provider.claims = says("chiefs")
    tokens = await comes(auth, bank, provider)
    superuser.execute("DELETE FROM identity.memberships WHERE id = %s", [bank.tenant_admin.membership_id])
    provider.claims = says(None)
    await comes(auth, bank, provider)
    assert places_of(superuser, bank) == {None: "tenant_admin"}
    assert (await me(auth, tokens)).status_code == 200
    assert trail(superuser, bank)[-1][1] == {"kept_last_administrator": ["tenant_admin of the tenant"]}


NOT_LET_IN: dict[str, dict[str, Any]] = {
    "another domain": says("staff", "credit", address="ada@bank.example"),
    "a subdomain": says("staff", "credit", address=f"ada@more.{DOMAIN}"),
    "a domain that ends the same": says("staff", "credit", address=f"ada@not{DOMAIN}"),
    "two at signs": says("staff", "credit", address=f"ada@evil.example@{DOMAIN}"),
    "no address": says("staff", "credit", email=None),
    "an address that is a list": says("staff", "credit", email=[f"ada@{DOMAIN}"]),
    "not verified": says("staff", "credit", email_verified=False),
    "nothing said of verification": says("staff", "credit", email_verified=None),
    "no role": says(None, "credit"),
    "a role of the platform": says("super_admin", "credit"),
    "no organization": says("staff"),
    "an organization of nobody": says("staff", "unknown"),
}


@pytest.mark.parametrize("name", NOT_LET_IN)
async def test_nobody_else_gets_an_account(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection, name: str
) -> None:
    provider.claims = NOT_LET_IN[name]
    before = superuser.execute("SELECT 1 FROM identity.users").rowcount
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    assert superuser.execute("SELECT 1 FROM identity.users").rowcount == before
    assert (
        superuser.execute("SELECT 1 FROM identity.federated_identities WHERE tenant_id = %s", [bank.id]).rowcount == 0
    )
    assert trail(superuser, bank)[-1][0] == "sso.refuse"
    provider.claims = says("staff", "credit")
    await comes(auth, bank, provider)


async def test_a_domain_that_is_not_confirmed_or_another_tenants_lets_nobody_in(
    auth: ServiceClient, bank: TenantWorld, world: World, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    superuser.execute("UPDATE identity.sso_domains SET confirmed_at = NULL WHERE domain = %s", [DOMAIN])
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    own_domain(superuser, world.two.id)
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    assert accounts(superuser) == 0


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("whose", ["a stranger", "a colleague", "a super admin", "another tenant's ward"])
async def test_an_account_that_the_tenant_does_not_manage_is_never_taken_over(
    auth: ServiceClient, bank: TenantWorld, world: World, provider: LyingProvider, superuser: psycopg.Connection,
    world_maker: WorldMaker, whose: str, verified: bool,
) -> None:  # fmt: skip
    place: dict[str, tuple[Any, ...]] = {
        "a stranger": (Role.USER, world.user.tenant_id),
        "a colleague": (Role.ORG_MEMBER, bank.id, bank.organization_id),
        "a super admin": (Role.SUPER_ADMIN, world.super_admin.tenant_id),
        "another tenant's ward": (Role.ORG_ADMIN, world.two.id, world.two.organization_id),
    }
    victim = world_maker.caller(*place[whose])
    superuser.execute(
        "UPDATE identity.users SET email = %s, email_key = %s, email_verified_at = CASE WHEN %s THEN now() END,"
        " managed_by_tenant_id = %s WHERE id = %s",
        [f"ada@{DOMAIN}", f"ada@{DOMAIN}", verified, world.two.id if "ward" in whose else None, victim.user_id],
    )
    problem = assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    assert "link it" in problem["detail"]
    assert superuser.execute("SELECT 1 FROM identity.sessions WHERE user_id = %s", [victim.user_id]).rowcount == 0


async def test_an_account_that_this_tenant_manages_is_linked_by_its_address_once(
    auth: ServiceClient,
    bank: TenantWorld,
    provider: LyingProvider,
    superuser: psycopg.Connection,
    world_maker: WorldMaker,
) -> None:
    ward = world_maker.caller(Role.ORG_MEMBER, bank.id, bank.organization_id)
    superuser.execute(
        "UPDATE identity.users SET email = %s, email_key = %s, managed_by_tenant_id = %s WHERE id = %s",
        [f"ada@{DOMAIN}", f"ada@{DOMAIN}", bank.id, ward.user_id],
    )
    assert (await me(auth, await comes(auth, bank, provider))).json()["id"] == str(ward.user_id)
    provider.claims |= {"sub": "somebody hired later who got the address"}
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)


async def test_of_two_first_sign_ins_at_once_one_makes_the_account(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    arrived = [await come_from(auth, bank.id, provider) for _ in range(4)]
    replies = await asyncio.gather(*(redeem(auth, reply.json()["code"], state) for reply, state in arrived))
    assert [reply.status_code for reply in replies] == [200] * 4
    assert accounts(superuser) == 1


BREACHES = {
    "nothing": "SELECT 1",
    "the provider does not know them": "DELETE FROM identity.federated_identities WHERE tenant_id = %(tenant)s",
    "another issuer": "UPDATE identity.federated_identities SET issuer = 'other' WHERE tenant_id = %(tenant)s",
    "no accounts just in time": "UPDATE identity.sso_connections SET just_in_time = false WHERE tenant_id = %(tenant)s",
    "off": "UPDATE identity.sso_connections SET enabled = false WHERE tenant_id = %(tenant)s",
    "an account of its owner": "UPDATE identity.users SET managed_by_tenant_id = NULL WHERE id = %(user)s",
    "an account that another manages": "UPDATE identity.users SET managed_by_tenant_id = %(other)s WHERE id = %(user)s",
    "an address nobody verified": "UPDATE identity.users SET email_verified_at = NULL WHERE id = %(user)s",
    "a deactivated account": "UPDATE identity.users SET status = 'deactivated' WHERE id = %(user)s",
    "the reach of an organization": "SELECT set_config('app.write_reach', 'organization', true)",
    "another tenant's transaction": "SELECT set_config('app.tenant_id', %(other)s::text, true)",
    "somebody else's transaction": "SELECT set_config('app.user_id', gen_random_uuid()::text, true)",
}


@pytest.mark.parametrize("name", BREACHES)
async def test_the_database_itself_gives_a_membership_only_to_whom_the_managing_tenants_provider_knows(
    auth: ServiceClient, bank: TenantWorld, world: World, provider: LyingProvider, superuser: psycopg.Connection,
    name: str,
) -> None:  # fmt: skip
    user_id = (await me(auth, await comes(auth, bank, provider))).json()["id"]
    named = {"tenant": bank.id, "user": user_id, "other": world.two.id}
    with superuser.transaction(force_rollback=True):
        for setting, value in {
            "tenant_id": bank.id, "user_id": user_id, "read_reach": "tenant", "write_reach": "tenant",
        }.items():  # fmt: skip
            superuser.execute("SELECT set_config(%s, %s, true)", [f"app.{setting}", str(value)])
        superuser.execute(BREACHES[name], named)
        superuser.execute("SET LOCAL ROLE accunode_auth")
        with contextlib.nullcontext() if name == "nothing" else pytest.raises(psycopg.errors.InsufficientPrivilege):
            superuser.execute(
                "INSERT INTO identity.memberships (tenant_id, id, user_id, role)"
                " VALUES (%(tenant)s, gen_random_uuid(), %(user)s, 'tenant_admin')",
                named,
            )


async def test_without_a_seat_or_in_a_deleted_organization_nobody_joins(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    seats = "UPDATE tenancy.organizations SET max_users = %s WHERE id = %s"
    superuser.execute(seats, [1, bank.organization_id])
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    assert accounts(superuser) == 0
    superuser.execute(seats, [100, bank.organization_id])
    superuser.execute("UPDATE tenancy.organizations SET deleted_at = now() WHERE id = %s", [bank.organization_id])
    assert_problem(await sign_in_from(auth, bank.id, provider), 403)
    assert accounts(superuser) == 0
    provider.claims = says("staff", "credit", "treasury")
    await comes(auth, bank, provider)
    assert list(places_of(superuser, bank)) == [bank.outsider.subject.organization_id]


async def test_accounts_that_the_tenant_does_not_manage_keep_what_administrators_gave(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    superuser.execute(
        "INSERT INTO identity.federated_identities (tenant_id, id, issuer, subject, user_id)"
        " VALUES (%s, gen_random_uuid(), %s, 'ada', %s)",
        [bank.id, provider.issuer, bank.org_member.user_id],
    )
    provider.claims = says("chiefs")
    tokens = await comes(auth, bank, provider)
    assert tokens["membership"]["role"] == "org_member"
    assert (await auth.as_(bank.org_member).get(ME)).status_code == 200


@pytest.mark.parametrize(("amr", "status"), [(None, 403), (["pwd"], 403), (["pwd", "mfa"], 200)])
async def test_where_a_second_factor_is_required_the_provider_must_say_that_it_asked(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection,
    amr: list[str] | None, status: int,
) -> None:  # fmt: skip
    superuser.execute(
        "UPDATE tenancy.tenants SET settings = %s::jsonb WHERE id = %s",
        ['{"second_factor": {"required_roles": ["org_member"], "grace_days": 0}}', bank.id],
    )
    provider.claims |= {"amr": amr}
    reply = await sign_in_from(auth, bank.id, provider)
    assert reply.status_code == status, reply.text


async def test_ending_the_account_forgets_whom_the_provider_knows(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    user_id = (await me(auth, await comes(auth, bank, provider))).json()["id"]
    gone = await auth.as_(bank.tenant_admin).delete(f"/api/v1/users/{user_id}")
    assert gone.status_code in {200, 204}, gone.text
    for table in ("federated_identities", "sso_sessions"):
        assert superuser.execute(f"SELECT 1 FROM identity.{table} WHERE user_id = %s", [user_id]).rowcount == 0
