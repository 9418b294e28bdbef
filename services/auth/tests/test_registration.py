"""Accounts, and the address behind them."""

import re
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import psycopg
import pytest

from accunode_auth.settings import AuthSettings
from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller
from accunode_common.testing.problems import assert_problem

REGISTER = "/api/v1/auth/register"
PASSWORD = "correct horse battery staple"
Mails = Callable[[str], list[str]]


@pytest.fixture
def mails(auth_settings: AuthSettings) -> Mails:
    assert auth_settings.mail.url is not None
    folder = Path(auth_settings.mail.url.get_secret_value().removeprefix("file://"))

    def to(address: str) -> list[str]:
        found = [message_from_bytes(file.read_bytes(), policy=default) for file in sorted(folder.glob("*.eml"))]
        return [mail.get_content() for mail in found if mail["To"] == address]

    return to


def token_in(mail: str) -> str:
    return re.findall(r"^[a-z]{2}_[\w-]+$", mail, re.MULTILINE)[0]


async def test_a_new_account_can_sign_in_and_has_the_role_user(auth: ServiceClient, mails: Mails) -> None:
    email = f"ana-{new_id()}@bank.example"
    reply = await auth.http.post(REGISTER, json={"email": email, "password": PASSWORD, "full_name": " Ana "})
    assert reply.status_code == 202, reply.text
    tokens = (await auth.http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})).json()
    me = await auth.http.get("/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    profile = me.json()
    assert (profile["email"], profile["full_name"], profile["role"]) == (email, "Ana", "user")
    assert profile["email_verified"] is False
    assert len(mails(email)) == 1


async def test_the_reply_is_the_same_for_a_known_address_and_nothing_changes(
    auth: ServiceClient, person: Callable[..., Caller], mails: Mails, superuser: psycopg.Connection
) -> None:
    who = person()
    new = await auth.http.post(REGISTER, json={"email": f"{new_id()}@bank.example", "password": PASSWORD})
    known = await auth.http.post(REGISTER, json={"email": who.email.upper(), "password": "another good password"})
    assert (known.status_code, known.json()) == (new.status_code, new.json())
    login = await auth.http.post("/api/v1/auth/login", json={"email": who.email, "password": PASSWORD})
    assert login.status_code == 200
    assert "has an account already" in mails(who.email.upper())[0]
    count = superuser.execute("SELECT count(*) FROM identity.users WHERE email_key = %s", [who.email]).fetchone()
    assert count == (1,)


async def test_a_mailed_token_confirms_the_address_once(auth: ServiceClient, mails: Mails) -> None:
    email = f"bo-{new_id()}@bank.example"
    await auth.http.post(REGISTER, json={"email": email, "password": PASSWORD})
    token = token_in(mails(email)[0])
    path = "/api/v1/auth/verify-email"
    wrong = token[:-10] + "A" * 10
    assert_problem(await auth.http.post(path, json={"token": wrong, "password": PASSWORD}), 410, "gone")
    assert (await auth.http.post(path, json={"token": token, "password": PASSWORD})).status_code == 204
    assert_problem(await auth.http.post(path, json={"token": token, "password": PASSWORD}), 410, "gone")
    tokens = (await auth.http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})).json()
    me = await auth.http.get("/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert me.json()["email_verified"] is True


async def test_who_reads_the_mail_confirms_no_account_that_somebody_else_made(
    auth: ServiceClient, mails: Mails, superuser: psycopg.Connection
) -> None:
    email = f"bo-{new_id()}@bank.example"
    await auth.http.post(REGISTER, json={"email": email, "password": PASSWORD})
    token = token_in(mails(email)[0])
    body = {"token": token, "password": "the owner's own, and no squatter's"}
    assert_problem(await auth.http.post("/api/v1/auth/verify-email", json=body), 403, "forbidden")
    verified = superuser.execute("SELECT email_verified_at FROM identity.users WHERE email = %s", [email]).fetchone()
    assert verified == (None,)
    again = await auth.http.post("/api/v1/auth/verify-email", json={"token": token, "password": PASSWORD})
    assert again.status_code == 204


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("tiny", "string_too_short"),
        ("x" * 201, "string_too_long"),
        ("passwordpassword", "common_password"),
        ("Password1234567890", "common_password"),
        ("aaaaaaaaaaaaaaaa", "common_password"),
    ],
)
async def test_a_weak_password_is_refused(auth: ServiceClient, password: str, fault: str) -> None:
    reply = await auth.http.post(REGISTER, json={"email": f"{new_id()}@bank.example", "password": password})
    problem = assert_problem(reply, 422, pointer="/body/password", fault=fault)
    assert password not in str(problem)


async def test_a_password_made_of_the_address_is_refused(auth: ServiceClient) -> None:
    body = {"email": "josephine@bank.example", "password": "josephine-bank-example"}
    reply = await auth.http.post(REGISTER, json=body)
    assert_problem(reply, 422, pointer="/body/password", fault="personal_password")


async def test_spaces_around_a_password_belong_to_it(auth: ServiceClient) -> None:
    email = f"{new_id()}@bank.example"
    await auth.http.post(REGISTER, json={"email": email, "password": f" {PASSWORD} "})
    login = "/api/v1/auth/login"
    assert_problem(await auth.http.post(login, json={"email": email, "password": PASSWORD}), 401)
    assert (await auth.http.post(login, json={"email": email, "password": f" {PASSWORD} "})).status_code == 200
