"""The second step: an authenticator, or a recovery code."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest

from accunode_auth.mfa import totp
from accunode_auth.mfa.vault import Vault
from accunode_auth.settings import AuthSettings
from accunode_common.environment import SettingsError
from accunode_common.errors import ServiceUnavailableError
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller
from accunode_common.testing.problems import assert_problem

AUTH = "/api/v1/auth"
TOTP = f"{AUTH}/mfa/totp"
PASSWORD = "correct horse battery staple"
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Prove = Callable[..., Awaitable[dict[str, str]]]


def code_of(secret: str, *, steps_ahead: int = 0) -> str:
    return totp.code_at(secret, totp.current_step() + steps_ahead)


@dataclass
class Enrolled:
    person: Caller
    headers: dict[str, str]
    secret: str
    recovery_codes: list[str]


@pytest.fixture
async def enrolled(auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove) -> Enrolled:
    signed_in = await sign_in(person())
    enrolment = (await auth.http.post(TOTP, headers=await prove(signed_in.headers))).json()
    secret = enrolment["secret"]
    reply = await auth.http.post(
        f"{TOTP}/confirm", json={"code": code_of(secret, steps_ahead=-1)}, headers=signed_in.headers
    )
    assert reply.status_code == 200, reply.text
    return Enrolled(signed_in.person, signed_in.headers, secret, reply.json()["recovery_codes"])


async def log_in(auth: ServiceClient, email: str) -> dict[str, Any]:
    reply = await auth.http.post(f"{AUTH}/login", json={"email": email, "password": PASSWORD})
    assert reply.status_code == 200, reply.text
    tokens: dict[str, Any] = reply.json()
    return tokens


async def answer(auth: ServiceClient, challenge: str, code: str) -> httpx.Response:
    return await auth.http.post(f"{AUTH}/mfa/challenge", json={"challenge": challenge, "code": code})


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_agree_with_the_test_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, totp.current_step(seconds)) == code


def test_a_code_is_good_a_step_early_or_late_and_only_once() -> None:
    secret = RFC_SECRET
    code = totp.code_at(secret, 100)
    assert [totp.matching_step(secret, code, after=None, now=30 * step) for step in (98, 99, 100, 101, 102)] == [
        None, 100, 100, 100, None,
    ]  # fmt: skip
    assert totp.matching_step(secret, code, after=100, now=3000) is None


async def test_an_authenticator_counts_only_once_confirmed(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    signed_in = await sign_in(person())
    enrolment = (await auth.http.post(TOTP, headers=await prove(signed_in.headers))).json()
    uri = urlsplit(enrolment["uri"])
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert parse_qs(uri.query)["secret"] == [enrolment["secret"]]
    assert "access_token" in await log_in(auth, signed_in.person.email)
    wrong = await auth.http.post(f"{TOTP}/confirm", json={"code": "000000"}, headers=signed_in.headers)
    assert_problem(wrong, 422, pointer="/body/code", fault="wrong_code")


async def test_signing_in_needs_the_second_step(auth: ServiceClient, enrolled: Enrolled) -> None:
    asked = await log_in(auth, enrolled.person.email)
    assert asked["mfa_required"] is True
    assert "access_token" not in asked
    assert_problem(await answer(auth, asked["challenge"], "000000"), 401)
    tokens = (await answer(auth, asked["challenge"], code_of(enrolled.secret))).json()
    me = await auth.http.get("/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert me.json()["id"] == str(enrolled.person.user_id)


async def test_neither_a_challenge_nor_a_code_is_good_twice(auth: ServiceClient, enrolled: Enrolled) -> None:
    first = await log_in(auth, enrolled.person.email)
    code = code_of(enrolled.secret)
    assert (await answer(auth, first["challenge"], code)).status_code == 200
    assert_problem(await answer(auth, first["challenge"], code_of(enrolled.secret, steps_ahead=1)), 401)
    second = await log_in(auth, enrolled.person.email)
    assert_problem(await answer(auth, second["challenge"], code), 401)


async def test_a_recovery_code_stands_in_once(auth: ServiceClient, enrolled: Enrolled) -> None:
    assert len(set(enrolled.recovery_codes)) == 10
    code = enrolled.recovery_codes[0]
    first = await log_in(auth, enrolled.person.email)
    assert (await answer(auth, first["challenge"], code.upper().replace("-", " "))).status_code == 200
    second = await log_in(auth, enrolled.person.email)
    assert_problem(await answer(auth, second["challenge"], code), 401)


async def test_guesses_of_the_second_step_are_limited(auth: ServiceClient, enrolled: Enrolled) -> None:
    asked = await log_in(auth, enrolled.person.email)
    statuses = [(await answer(auth, asked["challenge"], "000000")).status_code for _ in range(6)]
    assert statuses[-1] == 429
    assert_problem(await answer(auth, asked["challenge"], code_of(enrolled.secret)), 429)


async def test_a_removed_authenticator_is_asked_for_no_more(
    auth: ServiceClient, enrolled: Enrolled, prove: Prove
) -> None:
    proved = await prove(enrolled.headers, code=enrolled.recovery_codes[0])
    assert (await auth.http.delete(TOTP, headers=proved)).status_code == 204
    assert "access_token" in await log_in(auth, enrolled.person.email)
    assert_problem(await auth.http.delete(TOTP, headers=proved), 404)


async def test_nobody_enrols_over_a_confirmed_authenticator(
    auth: ServiceClient, enrolled: Enrolled, prove: Prove
) -> None:
    proved = await prove(enrolled.headers, code=enrolled.recovery_codes[0])
    assert_problem(await auth.http.post(TOTP, headers=proved), 409)


async def test_the_database_holds_no_secret_in_the_clear(
    enrolled: Enrolled, superuser: psycopg.Connection, auth_settings: AuthSettings
) -> None:
    row = superuser.execute(
        "SELECT secret_encrypted FROM identity.totp_credentials WHERE user_id = %s", [enrolled.person.user_id]
    ).fetchone()
    assert row is not None
    raw = base64.b32decode(enrolled.secret)
    assert raw not in row[0]
    vault = Vault(auth_settings.mfa)
    assert vault.open(enrolled.person.user_id, row[0]) == raw
    with pytest.raises(ServiceUnavailableError):
        vault.open(new_id(), row[0])


def test_the_service_does_not_start_without_a_key_or_with_a_short_one(
    auth_settings: AuthSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCUNODE_DATABASE_URL", auth_settings.database.url.get_secret_value())
    monkeypatch.setenv("ACCUNODE_REDIS_URL", auth_settings.redis.url.get_secret_value())
    monkeypatch.setenv("ACCUNODE_SIGNING_KEY_FILE", str(auth_settings.signing.key_file))
    with pytest.raises(SettingsError, match="ACCUNODE_MFA_KEY: Field required"):
        AuthSettings.from_environment()
    monkeypatch.setenv("ACCUNODE_MFA_KEY", "short")
    with pytest.raises(SettingsError, match="ACCUNODE_MFA_KEY"):
        AuthSettings.from_environment()
    monkeypatch.setenv("ACCUNODE_MFA_KEY", "x" * 32)
    assert AuthSettings.from_environment().mfa.key.get_secret_value() == "x" * 32


async def test_a_code_that_many_show_at_once_is_good_for_one(
    auth: ServiceClient, enrolled: Enrolled, person: Person
) -> None:
    for code in (enrolled.recovery_codes[0], code_of(enrolled.secret)):
        tries = [auth.http.post(f"{AUTH}/step-up", json={"code": code}, headers=enrolled.headers) for _ in range(4)]
        statuses = sorted(reply.status_code for reply in await asyncio.gather(*tries))
        assert statuses == [200, 403, 403, 403]


async def test_new_recovery_codes_make_the_old_ones_void(auth: ServiceClient, enrolled: Enrolled, prove: Prove) -> None:
    proved = await prove(enrolled.headers, code=enrolled.recovery_codes[0])
    held = (await auth.http.get(f"{AUTH}/mfa", headers=proved)).json()
    assert held["recovery_codes_left"] == 9
    assert_problem(await auth.http.post(f"{AUTH}/mfa/recovery-codes", headers=enrolled.headers), 403)
    fresh = (await auth.http.post(f"{AUTH}/mfa/recovery-codes", headers=proved)).json()["recovery_codes"]
    assert len(set(fresh) - set(enrolled.recovery_codes)) == 10
    old = await auth.http.post(f"{AUTH}/step-up", json={"code": enrolled.recovery_codes[1]}, headers=enrolled.headers)
    assert_problem(old, 403)
    await prove(enrolled.headers, code=fresh[0])


async def test_recovery_codes_have_112_random_bits_and_are_kept_as_hashes(
    enrolled: Enrolled, superuser: psycopg.Connection
) -> None:
    for code in enrolled.recovery_codes:
        assert len(base64.b32decode(code.replace("-", "").upper())) * 8 >= 112
    kept = superuser.execute(
        "SELECT code_hash FROM identity.recovery_codes WHERE user_id = %s", [enrolled.person.user_id]
    ).fetchall()
    assert {len(row[0]) for row in kept} == {32}
    for code in enrolled.recovery_codes:
        assert not any(code.replace("-", "").encode() in row[0] for row in kept)


async def test_who_has_no_second_factor_makes_no_recovery_codes(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    proved = await prove((await sign_in(person())).headers)
    assert_problem(await auth.http.post(f"{AUTH}/mfa/recovery-codes", headers=proved), 404)
