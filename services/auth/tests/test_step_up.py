"""Changing how one signs in takes more than a token: the password, or the second factor, shown again."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import psycopg
import pytest

from accunode_auth.mfa import totp
from accunode_common.auth.roles import Role
from accunode_common.http.operations import operations
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

AUTH = "/api/v1/auth"
STEP_UP = f"{AUTH}/step-up"
PASSWORD = "correct horse battery staple"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Prove = Callable[..., Awaitable[dict[str, str]]]


async def test_what_changes_how_one_signs_in_refuses_a_token_that_was_only_found(
    auth: ServiceClient, person: Person, sign_in: SignIn, world: World
) -> None:
    platform = await sign_in(person(Role.SUPER_ADMIN))
    tenants = await sign_in(person(Role.TENANT_ADMIN, world.one.id))
    asked = [operation for operation in operations(auth.app) if operation.step_up]
    assert len(asked) >= 3
    for operation in asked:
        path = re.sub(r"{\w+}", str(new_id()), operation.path)
        able = tenants if operation.permissions <= tenants.person.subject.permissions else platform
        reply = await auth.http.request(operation.method, path, json={}, headers=able.headers)
        assert_problem(reply, 403, "step_up_required")


async def test_the_password_shown_again_opens_it_for_five_minutes(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    signed_in = await sign_in(person())
    reply = (await auth.http.post(STEP_UP, json={"password": PASSWORD}, headers=signed_in.headers)).json()
    assert reply["proof_expires_in"] == 300
    before = jwt.decode(signed_in.tokens["access_token"], options={"verify_signature": False})
    claims = jwt.decode(reply["access_token"], options={"verify_signature": False})
    assert {name: claims[name] for name in ("sub", "sid", "tid", "role")} == {
        name: before[name] for name in ("sub", "sid", "tid", "role")
    }
    headers = {"Authorization": f"Bearer {reply['access_token']}"}
    assert (await auth.http.post(f"{AUTH}/mfa/totp", headers=headers)).status_code == 201


async def test_a_proof_grows_old_and_is_not_renewed_with_the_session(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove, issuer: TestIssuer
) -> None:
    who = person()
    for age, status in ((timedelta(minutes=4, seconds=50), 201), (timedelta(minutes=5, seconds=1), 403)):
        token = issuer.token(who.subject, issued_at=datetime.now(UTC) - age)
        reply = await auth.http.post(f"{AUTH}/mfa/totp", headers={"Authorization": f"Bearer {token}"})
        assert reply.status_code == status, reply.text
    signed_in = await sign_in(person())
    await prove(signed_in.headers)
    refresh = {"refresh_token": signed_in.tokens["refresh_token"]}
    fresh = (await auth.http.post(f"{AUTH}/refresh", json=refresh)).json()
    headers = {"Authorization": f"Bearer {fresh['access_token']}"}
    assert_problem(await auth.http.post(f"{AUTH}/mfa/totp", headers=headers), 403, "step_up_required")


async def test_who_has_a_second_factor_shows_that_and_not_the_password(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    signed_in = await sign_in(person())
    proved = await prove(signed_in.headers)
    secret = (await auth.http.post(f"{AUTH}/mfa/totp", headers=proved)).json()["secret"]
    code = totp.code_at(secret, totp.current_step() - 1)
    assert (await auth.http.post(f"{AUTH}/mfa/totp/confirm", json={"code": code}, headers=proved)).status_code == 200
    refused = await auth.http.post(STEP_UP, json={"password": PASSWORD}, headers=signed_in.headers)
    assert_problem(refused, 403, "forbidden")
    assert_problem(await auth.http.post(STEP_UP, json={"code": code}, headers=signed_in.headers), 403, "forbidden")
    await prove(signed_in.headers, code=totp.code_at(secret, totp.current_step()))


async def test_guesses_are_limited_for_all_sessions_of_a_person_together(
    auth: ServiceClient, person: Person, sign_in: SignIn
) -> None:
    who = person()
    sessions = [await sign_in(who), await sign_in(who)]
    statuses = [
        (await auth.http.post(STEP_UP, json={"password": "wrong"}, headers=sessions[turn % 2].headers)).status_code
        for turn in range(6)
    ]
    assert statuses == [403] * 5 + [429]
    right = await auth.http.post(STEP_UP, json={"password": PASSWORD}, headers=sessions[0].headers)
    assert_problem(right, 429)


@pytest.mark.parametrize("body", [{}, {"password": PASSWORD, "code": "123456"}, {"password": None}])
async def test_one_proof_is_given(auth: ServiceClient, person: Person, sign_in: SignIn, body: dict[str, Any]) -> None:
    signed_in = await sign_in(person())
    assert_problem(await auth.http.post(STEP_UP, json=body, headers=signed_in.headers), 422)


async def test_who_has_neither_password_nor_factor_proves_it_by_signing_in_again(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove, superuser: psycopg.Connection
) -> None:
    signed_in = await sign_in(person())
    recent = {"recent_sign_in": True}
    refused = await auth.http.post(STEP_UP, json=recent, headers=signed_in.headers)
    assert_problem(refused, 403, "forbidden")
    superuser.execute("UPDATE identity.users SET password_hash = NULL WHERE id = %s", [signed_in.person.user_id])
    refused = await auth.http.post(STEP_UP, json=recent, headers=signed_in.headers)
    assert_problem(refused, 403, "forbidden")
    superuser.execute(
        "UPDATE identity.sessions SET authentication_methods = '{sso}' WHERE user_id = %s", [signed_in.person.user_id]
    )
    proved = await prove(signed_in.headers, **recent)
    assert (await auth.http.post(f"{AUTH}/mfa/totp", headers=proved)).status_code == 201
    superuser.execute(
        "UPDATE identity.sessions SET created_at = created_at - interval '5 minutes' WHERE user_id = %s",
        [signed_in.person.user_id],
    )
    assert_problem(await auth.http.post(STEP_UP, json=recent, headers=signed_in.headers), 403, "forbidden")


async def test_a_session_that_ended_proves_nothing(auth: ServiceClient, person: Person, issuer: TestIssuer) -> None:
    who = person()
    reply = await auth.as_(who).post(STEP_UP, json={"password": PASSWORD})
    assert_problem(reply, 401)
