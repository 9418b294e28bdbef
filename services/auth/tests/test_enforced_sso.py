"""A tenant makes its provider the only way in for the accounts that it manages."""

import re
from collections.abc import Awaitable, Callable, Iterator
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from lying_provider import LyingProvider, lying_provider
from sso_helpers import CONNECTION, connect, connection_to, sign_in_from

from accunode_auth.mfa import totp
from accunode_common.auth.roles import Role
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.authenticator import SoftPasskey
from accunode_common.testing.people import Caller, TenantWorld, World
from accunode_common.testing.problems import assert_problem

AUTH = "/api/v1/auth"
ME = "/api/v1/users/me"
PASSWORD = "correct horse battery staple"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Prove = Callable[..., Awaitable[dict[str, str]]]


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    with lying_provider() as provider:
        yield provider


@pytest.fixture
def bank(world: World) -> TenantWorld:
    return world.one


@pytest.fixture
def ward(person: Person, bank: TenantWorld, superuser: psycopg.Connection) -> Callable[..., Caller]:
    """Makes somebody whose account tenant one manages."""

    def make(role: Role = Role.ORG_MEMBER) -> Caller:
        made = person(role, bank.id, bank.organization_id if role is not Role.TENANT_ADMIN else None)
        superuser.execute("UPDATE identity.users SET managed_by_tenant_id = %s WHERE id = %s", [bank.id, made.user_id])
        return made

    return make


async def enforce(auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, **changes: Any) -> None:
    await connect(auth, bank.tenant_admin, provider.issuer, **{"enforced": True, **changes})


async def log_in(auth: ServiceClient, who: Caller, password: str = PASSWORD) -> httpx.Response:
    return await auth.http.post(f"{AUTH}/login", json={"email": who.email, "password": password})


def assert_sent_to_the_provider(reply: httpx.Response) -> None:
    assert_problem(reply, 403, "single_sign_on_required")


async def test_a_password_does_not_sign_in_and_only_the_right_one_is_told_why(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, ward: Callable[..., Caller],
    superuser: psycopg.Connection,
) -> None:  # fmt: skip
    who = ward()
    await enforce(auth, bank, provider)
    assert_problem(await log_in(auth, who, "another password entirely"), 401)
    assert_sent_to_the_provider(await log_in(auth, who))
    assert superuser.execute("SELECT 1 FROM identity.sessions WHERE user_id = %s", [who.user_id]).rowcount == 0
    told = superuser.execute(
        "SELECT action FROM audit.events WHERE tenant_id = %s AND resource_id = %s", [bank.id, str(who.user_id)]
    ).fetchall()
    assert told == [("session.refuse",), ("session.refuse",)]


@pytest.mark.parametrize("changes", [{"enforced": False}, {"enabled": False}])
async def test_one_that_is_off_enforces_nothing(
    auth: ServiceClient,
    bank: TenantWorld,
    provider: LyingProvider,
    ward: Callable[..., Caller],
    changes: dict[str, Any],
) -> None:
    await enforce(auth, bank, provider, **changes)
    assert (await log_in(auth, ward())).status_code == 200


async def test_accounts_that_the_tenant_does_not_manage_are_their_owners(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, person: Person
) -> None:
    await enforce(auth, bank, provider)
    for who in (person(Role.ORG_MEMBER, bank.id, bank.organization_id), person(Role.SUPER_ADMIN, PLATFORM_TENANT_ID)):
        assert (await log_in(auth, who)).status_code == 200


async def test_a_passkey_does_not_sign_in_either(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, ward: Callable[..., Caller], sign_in: SignIn,
    prove: Prove,
) -> None:  # fmt: skip
    who = ward()
    headers = await prove((await sign_in(who)).headers)
    passkey = SoftPasskey()
    asked = (await auth.http.post(f"{AUTH}/passkeys/options", headers=headers)).json()["public_key"]
    made = await auth.http.post(
        f"{AUTH}/passkeys", json={"label": "Laptop", "credential": passkey.make(asked)}, headers=headers
    )
    assert made.status_code == 201, made.text
    await enforce(auth, bank, provider)
    asked = (await auth.http.post(f"{AUTH}/passkeys/sign-in/options")).json()["public_key"]
    shown = {"credential": passkey.show(asked)}
    assert_sent_to_the_provider(await auth.http.post(f"{AUTH}/passkeys/sign-in", json=shown))
    challenge = (await log_in(auth, who)).json()["challenge"]
    asked = (await auth.http.post(f"{AUTH}/mfa/challenge/options", json={"challenge": challenge})).json()["public_key"]
    shown = {"challenge": challenge, "passkey": passkey.show(asked)}
    assert_sent_to_the_provider(await auth.http.post(f"{AUTH}/mfa/challenge", json=shown))


async def test_a_reset_sets_a_password_and_begins_no_session(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, ward: Callable[..., Caller],
    mailbox: Callable[[str], list[EmailMessage]],
) -> None:  # fmt: skip
    who = ward()
    await enforce(auth, bank, provider)
    await auth.http.post(f"{AUTH}/forgot-password", json={"email": who.email})
    (token,) = re.findall(r"^pr_[\w-]+$", mailbox(who.email)[-1].get_content(), re.MULTILINE)
    body = {"token": token, "new_password": "a quite different sentence"}
    reset = await auth.http.post(f"{AUTH}/reset-password", json=body)
    assert reset.status_code == 200, reset.text
    assert set(reset.json()) == {"device_token"}
    assert_sent_to_the_provider(await log_in(auth, who, "a quite different sentence"))


async def test_a_session_from_before_goes_on_nowhere(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, ward: Callable[..., Caller], sign_in: SignIn
) -> None:
    """Neither refreshing nor switching nor proving oneself makes it last."""
    who = ward()
    before = await sign_in(who)
    await enforce(auth, bank, provider)
    switch = {"membership_id": str(who.membership_id)}
    assert_problem(await auth.http.post(f"{AUTH}/switch", json=switch, headers=before.headers), 404)
    proof = {"password": PASSWORD}
    assert_problem(await auth.http.post(f"{AUTH}/step-up", json=proof, headers=before.headers), 401)
    refresh = {"refresh_token": before.tokens["refresh_token"]}
    assert_problem(await auth.http.post(f"{AUTH}/refresh", json=refresh), 401)
    assert_problem(await auth.http.get(ME, headers=before.headers), 401)


@pytest.mark.parametrize(("role", "let_in"), [(Role.TENANT_ADMIN, True), (Role.ORG_ADMIN, False)])
async def test_only_administrators_of_the_tenant_break_the_glass_with_a_second_factor(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, ward: Callable[..., Caller], sign_in: SignIn,
    prove: Prove, role: Role, let_in: bool,
) -> None:  # fmt: skip
    without, who = ward(role), ward(role)
    headers = await prove((await sign_in(who)).headers)
    secret = (await auth.http.post(f"{AUTH}/mfa/totp", headers=headers)).json()["secret"]
    code = totp.code_at(secret, totp.current_step())
    confirmed = await auth.http.post(f"{AUTH}/mfa/totp/confirm", json={"code": code}, headers=headers)
    assert confirmed.status_code == 200, confirmed.text
    await enforce(auth, bank, provider)
    assert_sent_to_the_provider(await log_in(auth, without))
    challenge = (await log_in(auth, who)).json()["challenge"]
    body = {"challenge": challenge, "code": confirmed.json()["recovery_codes"][0]}
    reply = await auth.http.post(f"{AUTH}/mfa/challenge", json=body)
    if not let_in:
        assert_sent_to_the_provider(reply)
        return
    refresh = {"refresh_token": reply.json()["refresh_token"]}
    assert (await auth.http.post(f"{AUTH}/refresh", json=refresh)).status_code == 200


def knows(superuser: psycopg.Connection, bank: TenantWorld, provider: LyingProvider, user_id: UUID) -> None:
    superuser.execute(
        "INSERT INTO identity.federated_identities (tenant_id, id, issuer, subject, user_id)"
        " VALUES (%s, gen_random_uuid(), %s, 'ada', %s)",
        [bank.id, provider.issuer, user_id],
    )


async def test_the_provider_signs_them_in_and_removing_it_ends_what_it_vouched_for(
    auth: ServiceClient, bank: TenantWorld, provider: LyingProvider, ward: Callable[..., Caller],
    superuser: psycopg.Connection,
) -> None:  # fmt: skip
    who = ward()
    knows(superuser, bank, provider, who.user_id)
    await enforce(auth, bank, provider)
    tokens = (await sign_in_from(auth, bank.id, provider)).json()
    tokens = (await auth.http.post(f"{AUTH}/refresh", json={"refresh_token": tokens["refresh_token"]})).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await auth.http.get(ME, headers=headers)).status_code == 200
    assert (await auth.as_(bank.tenant_admin).delete(CONNECTION)).status_code == 204
    assert_problem(await auth.http.get(ME, headers=headers), 401)
    refresh = {"refresh_token": tokens["refresh_token"]}
    assert_problem(await auth.http.post(f"{AUTH}/refresh", json=refresh), 401)
    assert (await auth.as_(bank.tenant_admin).get(ME)).status_code == 200, "a session that it did not vouch for goes on"
    assert (await log_in(auth, who)).status_code == 200, "nothing is enforced any more"
    told = superuser.execute(
        "SELECT details FROM audit.events WHERE tenant_id = %s AND action = 'sso_connection.delete'", [bank.id]
    ).fetchone()
    assert told == ({"sessions": 1},)
    again = await auth.as_(bank.tenant_admin).put(CONNECTION, json=connection_to(provider.issuer))
    assert again.status_code == 200, again.text
