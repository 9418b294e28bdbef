"""What was begun with proofs that count no longer leads nowhere: an old password, a session past its end or grace."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import httpx
import psycopg
import pytest

from accunode_auth.mfa import totp
from accunode_common.auth.roles import Role
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, TenantWorld, WorldMaker
from accunode_common.testing.problems import assert_problem

AUTH = "/api/v1/auth"
KEYS = f"{AUTH}/api-keys"
PASSWORD = "correct horse battery staple"
NEW = "nine quiet otters under ice"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Prove = Callable[..., Awaitable[dict[str, str]]]
Mailbox = Callable[[str], list[EmailMessage]]
Lapse = Callable[[TenantWorld], None]


def token_in(mail: EmailMessage, prefix: str) -> str:
    found: str = re.findall(rf"^{prefix}_[\w-]+$", mail.get_content(), re.MULTILINE)[0]
    return found


async def log_in(auth: ServiceClient, who: Caller) -> httpx.Response:
    return await auth.http.post(f"{AUTH}/login", json={"email": who.email, "password": PASSWORD})


async def change_password(auth: ServiceClient, headers: dict[str, str]) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert (await auth.http.post(f"{AUTH}/change-password", json=body, headers=headers)).status_code == 204


async def reset_password(auth: ServiceClient, who: Caller, mailbox: Mailbox) -> None:
    await auth.http.post(f"{AUTH}/forgot-password", json={"email": who.email})
    body = {"token": token_in(mailbox(who.email)[-1], "pr"), "new_password": NEW}
    assert (await auth.http.post(f"{AUTH}/reset-password", json=body)).status_code == 200


@pytest.mark.parametrize("way", ["reset", "change"])
async def test_a_move_to_another_address_that_a_thief_began_ends_with_the_password_they_knew(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove, mailbox: Mailbox, way: str
) -> None:
    who, thiefs = person(), f"thief-{new_id()}@elsewhere.example"
    proved = await prove((await sign_in(who)).headers)
    owners = (await sign_in(who)).headers
    assert (await auth.http.post(f"{AUTH}/change-email", json={"email": thiefs}, headers=proved)).status_code == 202
    await (reset_password(auth, who, mailbox) if way == "reset" else change_password(auth, owners))
    body = {"token": token_in(mailbox(thiefs)[-1], "ce"), "password": NEW}
    assert_problem(await auth.http.post(f"{AUTH}/change-email/confirm", json=body), 410)


@pytest.mark.parametrize("way", ["reset", "change"])
async def test_an_enrolment_that_the_old_password_opened_is_closed_with_it(
    auth: ServiceClient, person: Person, strict: TenantWorld, sign_in: SignIn, mailbox: Mailbox, lapse: Lapse, way: str
) -> None:
    who = person(Role.ORG_ADMIN, strict.id, strict.organization_id)
    owners = (await sign_in(who)).headers
    lapse(strict)
    challenge = {"challenge": (await log_in(auth, who)).json()["challenge"]}
    await (reset_password(auth, who, mailbox) if way == "reset" else change_password(auth, owners))
    assert_problem(await auth.http.post(f"{AUTH}/enrolment/totp", json=challenge), 401)


async def test_a_sign_in_under_way_does_not_survive_a_change_of_the_password(
    auth: ServiceClient, person: Person, superuser: psycopg.Connection
) -> None:
    who = person()
    with superuser.transaction():
        superuser.execute("UPDATE identity.users SET password_hash = 'another' WHERE id = %s", [who.user_id])
        under_way = asyncio.create_task(log_in(auth, who))
        await asyncio.sleep(0.5)
        assert not under_way.done()
    assert_problem(await under_way, 401)


async def test_a_session_past_its_end_proves_nothing(
    auth: ServiceClient, person: Person, sign_in: SignIn, superuser: psycopg.Connection
) -> None:
    signed_in = await sign_in(person())
    superuser.execute("UPDATE identity.sessions SET expires_at = now() WHERE user_id = %s", [signed_in.person.user_id])
    reply = await auth.http.post(f"{AUTH}/step-up", json={"password": PASSWORD}, headers=signed_in.headers)
    assert_problem(reply, 401)


@pytest.fixture
def strict(world_maker: WorldMaker) -> TenantWorld:
    """A tenant that will ask its organizations' administrators for a second factor."""
    return world_maker.tenant("strict")


@pytest.fixture
def lapse(superuser: psycopg.Connection) -> Callable[[TenantWorld], None]:
    """Makes a tenant's time of grace be over."""

    def rule(tenant: TenantWorld) -> None:
        since = datetime.now(UTC) - timedelta(days=1)
        superuser.execute(
            "UPDATE tenancy.tenants SET settings = jsonb_build_object("
            " 'second_factor', jsonb_build_object('required_roles', '[\"org_admin\"]'::jsonb, 'grace_days', 0),"
            " 'second_factor_since', jsonb_build_object('org_admin', %s::text)) WHERE id = %s",
            [since.isoformat(), tenant.id],
        )
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE identity.memberships SET role_since = %s WHERE tenant_id = %s", [since, tenant.id])
        superuser.execute("SET session_replication_role = origin")

    return rule


async def test_showing_the_password_again_prolongs_no_work_without_an_overdue_factor(
    auth: ServiceClient, person: Person, strict: TenantWorld, sign_in: SignIn, lapse: Lapse
) -> None:
    signed_in = await sign_in(person(Role.ORG_ADMIN, strict.id, strict.organization_id))
    lapse(strict)
    reply = await auth.http.post(f"{AUTH}/step-up", json={"password": PASSWORD}, headers=signed_in.headers)
    assert_problem(reply, 403, "forbidden")


async def test_a_key_made_before_is_not_exchanged_while_its_owners_factor_is_overdue(
    auth: ServiceClient,
    person: Person,
    strict: TenantWorld,
    sign_in: SignIn,
    prove: Prove,
    lapse: Lapse,
) -> None:
    who = person(Role.ORG_ADMIN, strict.id, strict.organization_id)
    proved = await prove((await sign_in(who)).headers)
    made = await auth.http.post(KEYS, json={"name": "nightly", "scopes": ["company:read"]}, headers=proved)
    secret = {"api_key": made.json()["secret"]}
    assert (await auth.http.post(f"{KEYS}/token", json=secret)).status_code == 200
    lapse(strict)
    assert_problem(await auth.http.post(f"{KEYS}/token", json=secret), 401)
    challenge = {"challenge": (await log_in(auth, who)).json()["challenge"]}
    enrolled = (await auth.http.post(f"{AUTH}/enrolment/totp", json=challenge)).json()["secret"]
    code = {"code": totp.code_at(enrolled, totp.current_step())}
    confirmed = await auth.http.post(f"{AUTH}/enrolment/totp/confirm", json={**challenge, **code})
    assert confirmed.status_code == 200
    assert (await auth.http.post(f"{KEYS}/token", json=secret)).status_code == 200
