"""A tenant that requires a second factor gets it: at sign-in, when switching there, and at every refresh."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from accunode_auth.app import create_app
from accunode_auth.mfa import totp
from accunode_auth.second_factors import service as second_factors
from accunode_auth.settings import AuthSettings
from accunode_common.auth.roles import Role
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.authenticator import SoftPasskey
from accunode_common.testing.people import Caller, TenantWorld, World, WorldMaker
from accunode_common.testing.problems import assert_problem
from accunode_common.testing.settings import changed

AUTH = "/api/v1/auth"
TOTP = f"{AUTH}/mfa/totp"
ENROLMENT = f"{AUTH}/enrolment"
PASSWORD = "correct horse battery staple"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Prove = Callable[..., Awaitable[dict[str, str]]]
Require = Callable[..., None]


@pytest.fixture
def tenant(world_maker: WorldMaker) -> TenantWorld:
    return world_maker.tenant("strict")


@pytest.fixture
def require(superuser: psycopg.Connection) -> Require:
    """Makes a tenant require a second factor of some roles, since some time ago."""

    def rule(tenant_id: UUID, *roles: Role, days_ago: float = 0, grace_days: int = 14) -> None:
        since = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
        settings = {
            "second_factor": {"required_roles": roles, "grace_days": grace_days},
            "second_factor_since": dict.fromkeys(roles, since),
        }
        superuser.execute("UPDATE tenancy.tenants SET settings = %s WHERE id = %s", [json.dumps(settings), tenant_id])
        superuser.execute("UPDATE identity.memberships SET role_since = %s WHERE tenant_id = %s", [since, tenant_id])

    return rule


@dataclass
class Admin:
    """An administrator of the tenant, by the person's address."""

    person: Caller
    tenant: TenantWorld


@pytest.fixture
def admin(person: Person, tenant: TenantWorld) -> Admin:
    return Admin(person(Role.ORG_ADMIN, tenant.id, tenant.organization_id), tenant)


async def log_in(auth: ServiceClient, who: Caller) -> dict[str, Any]:
    reply = await auth.http.post(f"{AUTH}/login", json={"email": who.email, "password": PASSWORD})
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


def back_date(superuser: psycopg.Connection, person: Caller, days: float) -> None:
    """Make the person have had their role for so long; the trigger that keeps the moment is put aside."""
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(
        "UPDATE identity.memberships SET role_since = now() - %s * interval '1 day' WHERE user_id = %s",
        [days, person.user_id],
    )
    superuser.execute("SET session_replication_role = origin")


async def test_within_the_grace_signing_in_says_until_when(
    auth: ServiceClient, admin: Admin, require: Require, person: Person
) -> None:
    assert (await log_in(auth, admin.person))["second_factor"] is None
    require(admin.tenant.id, Role.ORG_ADMIN, days_ago=3, grace_days=10)
    told = (await log_in(auth, admin.person))["second_factor"]
    assert told["required"] is True
    left = datetime.fromisoformat(told["grace_ends_at"]) - datetime.now(UTC)
    assert timedelta(days=9, hours=23) < left <= timedelta(days=10), "the person has the role only since today"
    member = person(Role.ORG_MEMBER, admin.tenant.id, admin.tenant.organization_id)
    assert (await log_in(auth, member))["second_factor"] is None, "the rule names another role"


async def test_the_grace_runs_from_the_rule_or_from_the_role_whichever_is_later(
    auth: ServiceClient, admin: Admin, require: Require, superuser: psycopg.Connection
) -> None:
    require(admin.tenant.id, Role.ORG_ADMIN, days_ago=20, grace_days=14)
    assert "access_token" in await log_in(auth, admin.person), "new to the role"
    back_date(superuser, admin.person, 30)
    assert "enrolment_required" in await log_in(auth, admin.person)
    require(admin.tenant.id, Role.ORG_ADMIN, days_ago=1, grace_days=14)
    assert "access_token" in await log_in(auth, admin.person), "new to the rule"
    require(admin.tenant.id, Role.ORG_MEMBER, days_ago=20, grace_days=14)
    superuser.execute("UPDATE identity.memberships SET role = 'org_member' WHERE user_id = %s", [admin.person.user_id])
    assert "access_token" in await log_in(auth, admin.person), "a change of role begins the grace anew"


@pytest.fixture
async def late(admin: Admin, require: Require, superuser: psycopg.Connection) -> Admin:
    """An administrator whose grace is over."""
    require(admin.tenant.id, Role.ORG_ADMIN, grace_days=0)
    back_date(superuser, admin.person, 1)
    return admin


async def test_after_the_grace_signing_in_takes_enrolling_an_authenticator(auth: ServiceClient, late: Admin) -> None:
    asked = await log_in(auth, late.person)
    assert set(asked) == {"enrolment_required", "challenge", "expires_in"}
    reference = {"challenge": asked["challenge"]}
    secret = (await auth.http.post(f"{ENROLMENT}/totp", json=reference)).json()["secret"]
    wrong = await auth.http.post(f"{ENROLMENT}/totp/confirm", json={**reference, "code": "000000"})
    assert_problem(wrong, 422, pointer="/body/code")
    code = totp.code_at(secret, totp.current_step() - 1)
    done = (await auth.http.post(f"{ENROLMENT}/totp/confirm", json={**reference, "code": code})).json()
    assert len(done["recovery_codes"]) == 10
    assert done["tokens"]["second_factor"] is None
    assert done["tokens"]["membership"]["tenant_id"] == str(late.tenant.id)
    again = await auth.http.post(f"{ENROLMENT}/totp", json=reference)
    assert_problem(again, 401)
    assert (await log_in(auth, late.person))["factors"] == ["authenticator", "recovery_code"]


async def test_after_the_grace_signing_in_takes_adding_a_passkey(auth: ServiceClient, late: Admin) -> None:
    reference = {"challenge": (await log_in(auth, late.person))["challenge"]}
    request = (await auth.http.post(f"{ENROLMENT}/passkey/options", json=reference)).json()["public_key"]
    body = {**reference, "label": "Work laptop", "credential": SoftPasskey().make(request)}
    done = await auth.http.post(f"{ENROLMENT}/passkey", json=body)
    assert done.json()["tokens"]["second_factor"] is None, done.text
    assert len(done.json()["recovery_codes"]) == 10


async def test_an_enrolment_challenge_opens_nothing_else(auth: ServiceClient, late: Admin) -> None:
    challenge = (await log_in(auth, late.person))["challenge"]
    headers = {"Authorization": f"Bearer {challenge}"}
    assert_problem(await auth.http.get("/api/v1/users/me", headers=headers), 401)
    second = {"challenge": challenge, "code": "123456"}
    assert_problem(await auth.http.post(f"{AUTH}/mfa/challenge", json=second), 401)
    assert_problem(await auth.http.post(f"{AUTH}/refresh", json={"refresh_token": challenge}), 401)
    reset = {"token": challenge, "new_password": PASSWORD}
    assert_problem(await auth.http.post(f"{AUTH}/reset-password", json=reset), 410)


async def test_an_enrolment_challenge_adds_no_factor_beside_one_that_was_enrolled_meanwhile(
    auth: ServiceClient, late: Admin
) -> None:
    stolen = {"challenge": (await log_in(auth, late.person))["challenge"]}
    secret = (await auth.http.post(f"{ENROLMENT}/totp", json=stolen)).json()["secret"]
    code = {"code": totp.code_at(secret, totp.current_step())}
    tries = [auth.http.post(f"{ENROLMENT}/totp/confirm", json={**stolen, **code}) for _ in range(3)]
    statuses = [reply.status_code for reply in await asyncio.gather(*tries)]
    assert statuses.count(200) == 1
    assert_problem(await auth.http.post(f"{ENROLMENT}/passkey/options", json=stolen), 401)


async def refresh(auth: ServiceClient, tokens: dict[str, Any]) -> httpx.Response:
    return await auth.http.post(f"{AUTH}/refresh", json={"refresh_token": tokens["refresh_token"]})


async def test_a_session_without_a_second_factor_is_not_refreshed_after_the_grace(
    auth: ServiceClient, admin: Admin, require: Require, superuser: psycopg.Connection
) -> None:
    tokens = await log_in(auth, admin.person)
    require(admin.tenant.id, Role.ORG_ADMIN)
    tokens = (await refresh(auth, tokens)).json()
    assert tokens["second_factor"]["required"] is True
    require(admin.tenant.id, Role.ORG_ADMIN, grace_days=0)
    back_date(superuser, admin.person, 1)
    assert_problem(await refresh(auth, tokens), 401)


async def test_a_factor_that_was_enrolled_in_the_session_counts_for_it(
    auth: ServiceClient, admin: Admin, require: Require, superuser: psycopg.Connection, sign_in: SignIn, prove: Prove
) -> None:
    require(admin.tenant.id, Role.ORG_ADMIN)
    signed_in = await sign_in(admin.person)
    proved = await prove(signed_in.headers)
    secret = (await auth.http.post(TOTP, headers=proved)).json()["secret"]
    code = {"code": totp.code_at(secret, totp.current_step() - 1)}
    assert (await auth.http.post(f"{TOTP}/confirm", json=code, headers=proved)).status_code == 200
    require(admin.tenant.id, Role.ORG_ADMIN, grace_days=0)
    back_date(superuser, admin.person, 1)
    renewed = await refresh(auth, signed_in.tokens)
    assert renewed.json()["second_factor"] is None, renewed.text
    proved = await prove(signed_in.headers, code=totp.code_at(secret, totp.current_step()))
    assert_problem(await auth.http.delete(TOTP, headers=proved), 409)


async def test_switching_to_a_tenant_that_requires_it_takes_it(
    auth: ServiceClient,
    late: Admin,
    sign_in: SignIn,
    prove: Prove,
    superuser: psycopg.Connection,
    person: Person,
    world: World,
) -> None:
    elsewhere = world.two
    traveller, membership_id = person(Role.ORG_MEMBER, elsewhere.id, elsewhere.organization_id), new_id()
    superuser.execute(
        "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role, role_since)"
        " VALUES (%s, %s, %s, %s, 'org_admin', now() - interval '1 day')",
        [late.tenant.id, membership_id, traveller.user_id, late.tenant.organization_id],
    )
    superuser.execute(
        "INSERT INTO identity.sessions (id, user_id, membership_tenant_id, membership_id, expires_at)"
        " VALUES (%s, %s, %s, %s, now())",
        [new_id(), traveller.user_id, elsewhere.id, traveller.membership_id],
    )
    signed_in = await sign_in(traveller)
    switch = {"membership_id": str(membership_id)}
    refused = await auth.http.post(f"{AUTH}/switch", json=switch, headers=signed_in.headers)
    assert_problem(refused, 403)
    proved = await prove(signed_in.headers)
    secret = (await auth.http.post(TOTP, headers=proved)).json()["secret"]
    code = {"code": totp.code_at(secret, totp.current_step())}
    assert (await auth.http.post(f"{TOTP}/confirm", json=code, headers=proved)).status_code == 200
    moved = await auth.http.post(f"{AUTH}/switch", json=switch, headers=signed_in.headers)
    assert moved.json()["membership"]["tenant_id"] == str(late.tenant.id), moved.text


async def test_an_overview_says_what_is_required_where_one_works(
    auth: ServiceClient, admin: Admin, require: Require, sign_in: SignIn
) -> None:
    require(admin.tenant.id, Role.ORG_ADMIN)
    signed_in = await sign_in(admin.person)
    held = (await auth.http.get(f"{AUTH}/mfa", headers=signed_in.headers)).json()
    assert held["required"] is True
    assert held["grace_ends_at"] == signed_in.tokens["second_factor"]["grace_ends_at"]


async def test_the_platform_requires_it_of_super_admins_by_setting(
    auth_settings: AuthSettings, person: Person, superuser: psycopg.Connection
) -> None:
    boss, anybody = person(Role.SUPER_ADMIN, PLATFORM_TENANT_ID), person()
    settings = changed(auth_settings, super_admin_second_factor_days=7)
    async with running(create_app(settings)) as strict:
        assert (await log_in(strict, boss))["second_factor"]["required"] is True
        assert (await log_in(strict, anybody))["second_factor"] is None
        back_date(superuser, boss, 8)
        assert "enrolment_required" in await log_in(strict, boss)


async def test_of_two_factors_removed_at_once_one_stays_where_one_is_required(
    auth: ServiceClient, admin: Admin, require: Require, sign_in: SignIn, prove: Prove
) -> None:
    require(admin.tenant.id, Role.ORG_ADMIN)
    signed_in = await sign_in(admin.person)
    proved = await prove(signed_in.headers)
    secret = (await auth.http.post(TOTP, headers=proved)).json()["secret"]
    code = {"code": totp.code_at(secret, totp.current_step())}
    assert (await auth.http.post(f"{TOTP}/confirm", json=code, headers=proved)).status_code == 200
    request = (await auth.http.post(f"{AUTH}/passkeys/options", headers=proved)).json()["public_key"]
    body = {"label": "key", "credential": SoftPasskey().make(request)}
    made = (await auth.http.post(f"{AUTH}/passkeys", json=body, headers=proved)).json()["passkey"]
    paths = (TOTP, f"{AUTH}/passkeys/{made['id']}")
    replies = await asyncio.gather(*(auth.http.delete(path, headers=proved) for path in paths))
    assert sorted(reply.status_code for reply in replies) == [204, 409]
    left = (await auth.http.get(f"{AUTH}/mfa", headers=proved)).json()
    assert left["authenticator"] + left["passkeys"] == 1


def test_a_tenants_own_provider_answers_for_the_second_factor_if_it_says_so() -> None:
    assert second_factors.shown(["sso", "mfa"])
    assert second_factors.shown(["pwd", "otp"])
    assert not second_factors.shown(["sso"])
    assert not second_factors.shown(["pwd"])
