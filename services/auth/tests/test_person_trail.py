"""What happens to a person's credentials stands in the trail of every tenant that the person belongs to."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from accunode_common.auth.roles import Role
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.authenticator import SoftPasskey
from accunode_common.testing.people import Caller, World

AUTH = "/api/v1/auth"
PASSWORD = "correct horse battery staple"
NEW = "a quite different sentence"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Mailbox = Callable[[str], list[Any]]
Events = Callable[[UUID, Caller], list[dict[str, Any]]]
Act = Callable[[ServiceClient, Caller, SignIn, Mailbox], Awaitable[None]]


@pytest.fixture
def events(superuser: psycopg.Connection) -> Events:
    """What a tenant's trail has about a person."""

    def find(tenant_id: UUID, who: Caller) -> list[dict[str, Any]]:
        with superuser.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "SELECT * FROM audit.events WHERE tenant_id = %s AND resource_id = %s AND resource_type = 'user'"
                " ORDER BY id",
                [tenant_id, str(who.user_id)],
            ).fetchall()

    return find


@pytest.fixture
def also_in(superuser: psycopg.Connection) -> Callable[[Caller, UUID, UUID], None]:
    """Gives a person a membership of another organization."""

    def join(who: Caller, tenant_id: UUID, organization_id: UUID) -> None:
        superuser.execute(
            "INSERT INTO identity.memberships (tenant_id, id, user_id, organization_id, role)"
            " VALUES (%s, %s, %s, %s, 'org_member')",
            [tenant_id, new_id(), who.user_id, organization_id],
        )

    return join


async def _reset(auth: ServiceClient, who: Caller, sign_in: SignIn, mailbox: Mailbox) -> None:
    await auth.http.post(f"{AUTH}/forgot-password", json={"email": who.email})
    (token,) = re.findall(r"^pr_[\w-]+$", mailbox(who.email)[-1].get_content(), re.MULTILINE)
    reply = await auth.http.post(f"{AUTH}/reset-password", json={"token": token, "new_password": NEW})
    assert reply.status_code == 200, reply.text


async def _change(auth: ServiceClient, who: Caller, sign_in: SignIn, mailbox: Mailbox) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW}
    reply = await auth.http.post(f"{AUTH}/change-password", json=body, headers=(await sign_in(who)).headers)
    assert reply.status_code == 204, reply.text


async def _guess(auth: ServiceClient, who: Caller, sign_in: SignIn, mailbox: Mailbox) -> None:
    reply = await auth.http.post(f"{AUTH}/login", json={"email": who.email, "password": "guessed wrong"})
    assert reply.status_code == 401, reply.text


async def _enrol(auth: ServiceClient, who: Caller, sign_in: SignIn, mailbox: Mailbox) -> None:
    headers, proof = (await sign_in(who)).headers, {"password": PASSWORD}
    proved = (await auth.http.post(f"{AUTH}/step-up", json=proof, headers=headers)).json()["access_token"]
    reply = await auth.http.post(f"{AUTH}/mfa/totp", headers={"Authorization": f"Bearer {proved}"})
    assert reply.status_code == 201, reply.text


async def _add_passkey(auth: ServiceClient, who: Caller, sign_in: SignIn, mailbox: Mailbox) -> None:
    headers, proof = (await sign_in(who)).headers, {"password": PASSWORD}
    proved = (await auth.http.post(f"{AUTH}/step-up", json=proof, headers=headers)).json()["access_token"]
    headers = {"Authorization": f"Bearer {proved}"}
    options = (await auth.http.post(f"{AUTH}/passkeys/options", headers=headers)).json()["public_key"]
    body = {"label": "Quixotic laptop", "credential": SoftPasskey().make(options)}
    reply = await auth.http.post(f"{AUTH}/passkeys", json=body, headers=headers)
    assert reply.status_code == 201, reply.text


ACTS: dict[str, tuple[Act, list[str]]] = {
    "a reset": (_reset, ["password.request_reset", "password.reset"]),
    "a change": (_change, ["password.change"]),
    "a refusal": (_guess, ["session.refuse"]),
    "an authenticator": (_enrol, ["mfa.enrol"]),
}


@pytest.mark.parametrize("act", ACTS)
async def test_every_tenant_of_a_person_is_told_once_and_no_other(
    auth: ServiceClient,
    world: World,
    person: Person,
    sign_in: SignIn,
    mailbox: Mailbox,
    events: Events,
    also_in: Callable[[Caller, UUID, UUID], None],
    act: str,
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    also_in(who, world.one.id, world.one.outsider.subject.organization_id)  # type: ignore[arg-type]
    do, actions = ACTS[act]
    await do(auth, who, sign_in, mailbox)
    told = events(world.one.id, who)
    assert [event["action"] for event in told if event["action"] != "session.start"] == actions
    assert {str(event["ip_address"]) for event in told} == {"203.0.113.7"}
    assert events(world.two.id, who) == []
    for secret in (PASSWORD, NEW, "guessed wrong", "pr_", "rt_", "secret"):
        assert secret not in str(told)


@pytest.mark.parametrize("act", ACTS)
async def test_one_tenant_among_several_learns_what_happened_and_not_from_where(
    auth: ServiceClient,
    world: World,
    person: Person,
    sign_in: SignIn,
    mailbox: Mailbox,
    events: Events,
    also_in: Callable[[Caller, UUID, UUID], None],
    act: str,
) -> None:
    who = person(Role.ORG_MEMBER, world.one.id, world.one.organization_id)
    also_in(who, world.two.id, world.two.organization_id)
    do, actions = ACTS[act]
    await do(auth, who, sign_in, mailbox)
    both = [*events(world.one.id, who), *events(world.two.id, who)]
    told = [event for event in both if event["action"] in actions]
    assert sorted(event["action"] for event in told) == sorted(actions * 2)
    # The tenant that the person was signed in to, or last worked in, saw the request itself.
    elsewhere = [event for event in told if event["organization_id"] is None]
    assert len(elsewhere) >= len(actions)
    for event in elsewhere:
        assert (event["ip_address"], event["request_id"], event["actor_role"]) == (None, None, None)


async def test_the_platforms_trail_has_the_reset_of_somebody_who_joined_nobody(
    auth: ServiceClient, person: Person, sign_in: SignIn, mailbox: Mailbox, events: Events
) -> None:
    who = person()
    await _reset(auth, who, sign_in, mailbox)
    told = events(PLATFORM_TENANT_ID, who)
    assert [event["action"] for event in told] == ["password.request_reset", "password.reset"]


async def test_nobody_writes_about_others_into_the_trail_of_a_tenant_that_is_not_theirs(
    test_database: Any, world: World
) -> None:
    member, stranger = world.one.org_member, world.two.org_member
    statement = (
        "INSERT INTO audit.events (tenant_id, id, action, resource_type, resource_id)"
        " VALUES (%s, %s, 'password.reset', 'user', %s)"
    )
    with psycopg.connect(test_database.urls["accunode_auth"], autocommit=True) as connection:
        connection.execute("SELECT set_config('app.user_id', %s, false)", [str(member.user_id)])
        connection.execute(statement, [world.one.id, new_id(), str(member.user_id)])
        for tenant_id, about in ((world.two.id, member), (world.one.id, stranger), (world.two.id, stranger)):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement, [tenant_id, new_id(), str(about.user_id)])


async def test_another_tenant_learns_of_a_new_passkey_and_not_what_its_owner_calls_it(
    auth: ServiceClient,
    world: World,
    person: Person,
    sign_in: SignIn,
    mailbox: Mailbox,
    events: Events,
    also_in: Callable[[Caller, UUID, UUID], None],
) -> None:
    who = person(Role.ORG_ADMIN, world.one.id, world.one.organization_id)
    also_in(who, world.two.id, world.two.organization_id)
    await _add_passkey(auth, who, sign_in, mailbox)
    told = [event for event in events(world.two.id, who) if event["action"] == "passkey.add"]
    assert [set(event["details"]) for event in told] == [{"passkey"}]
