"""Passkeys: made for this site by their verified owner, good as a second factor and to sign in with."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from accunode_auth.mfa import totp
from accunode_auth.settings import AuthSettings
from accunode_common.auth.roles import Role
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.authenticator import SoftPasskey
from accunode_common.testing.people import Caller
from accunode_common.testing.problems import assert_problem
from accunode_common.testing.settings import changed

AUTH = "/api/v1/auth"
PASSKEYS = f"{AUTH}/passkeys"
SIGN_IN = f"{PASSKEYS}/sign-in"
PASSWORD = "correct horse battery staple"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]
Prove = Callable[..., Awaitable[dict[str, str]]]


@dataclass
class Owner:
    person: Caller
    headers: dict[str, str]
    passkey: SoftPasskey
    id: str
    recovery_codes: list[str]


async def add(auth: ServiceClient, headers: dict[str, str], passkey: SoftPasskey) -> httpx.Response:
    """One attempt to register, by somebody who proved who they are."""
    options = await auth.http.post(f"{PASSKEYS}/options", headers=headers)
    assert options.status_code == 200, options.text
    body = {"label": "Work laptop", "credential": passkey.make(options.json()["public_key"])}
    return await auth.http.post(PASSKEYS, json=body, headers=headers)


@pytest.fixture
async def owner(auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove) -> Owner:
    signed_in = await sign_in(person())
    passkey = SoftPasskey()
    made = await add(auth, await prove(signed_in.headers), passkey)
    assert made.status_code == 201, made.text
    body = made.json()
    return Owner(signed_in.person, signed_in.headers, passkey, body["passkey"]["id"], body["recovery_codes"])


async def options(auth: ServiceClient) -> dict[str, Any]:
    asked: dict[str, Any] = (await auth.http.post(f"{SIGN_IN}/options")).json()["public_key"]
    return asked


async def enter(auth: ServiceClient, credential: dict[str, Any]) -> httpx.Response:
    return await auth.http.post(SIGN_IN, json={"credential": credential})


async def test_a_passkey_signs_its_owner_in_by_itself(auth: ServiceClient, owner: Owner) -> None:
    asked = await options(auth)
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials"), "nobody is named before it is known who is there"
    reply = await enter(auth, owner.passkey.show(asked))
    assert reply.status_code == 200, reply.text
    headers = {"Authorization": f"Bearer {reply.json()['access_token']}"}
    me = (await auth.http.get("/api/v1/users/me", headers=headers)).json()
    assert me["id"] == str(owner.person.user_id)
    (shown,) = (await auth.http.get(PASSKEYS, headers=headers)).json()["items"]
    assert shown["id"] == owner.id
    assert (shown["label"], shown["backed_up"]) == ("Work laptop", True)
    assert shown["last_used_at"] is not None


async def test_a_passkey_is_a_second_step_to_the_password(auth: ServiceClient, owner: Owner) -> None:
    body = {"email": owner.person.email, "password": PASSWORD}
    asked = (await auth.http.post(f"{AUTH}/login", json=body)).json()
    assert asked["factors"] == ["passkey", "recovery_code"]
    reference = {"challenge": asked["challenge"]}
    request = (await auth.http.post(f"{AUTH}/mfa/challenge/options", json=reference)).json()["public_key"]
    assert [allowed["id"] for allowed in request["allowCredentials"]] == [owner.passkey.show(request)["id"]]
    shown = {**reference, "passkey": owner.passkey.show(request)}
    reply = await auth.http.post(f"{AUTH}/mfa/challenge", json=shown)
    assert "access_token" in reply.json(), reply.text
    assert_problem(await auth.http.post(f"{AUTH}/mfa/challenge", json=shown), 401)
    assert_problem(await auth.http.post(f"{AUTH}/mfa/challenge/options", json=reference), 401)


async def test_a_passkey_shows_again_who_somebody_is(auth: ServiceClient, owner: Owner, prove: Prove) -> None:
    request = (await auth.http.post(f"{AUTH}/step-up/options", headers=owner.headers)).json()["public_key"]
    proved = await prove(owner.headers, passkey=owner.passkey.show(request))
    assert (await auth.http.delete(f"{PASSKEYS}/{owner.id}", headers=proved)).status_code == 204
    assert_problem(await enter(auth, owner.passkey.show(await options(auth))), 401)


WRONG: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://accunode.evil.example"},
    "a scheme that is not ours": {"origin": "https://localhost:8000"},
    "another port": {"origin": "http://localhost:8001"},
    "another relying party": {"domain": "evil.example"},
    "a domain below ours": {"domain": "sub.localhost"},
    "no verification of its owner": {"verifies": False},
}


@pytest.mark.parametrize("fault", WRONG)
async def test_what_was_made_elsewhere_or_by_anybody_is_not_registered(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove, fault: str
) -> None:
    signed_in = await sign_in(person())
    reply = await add(auth, await prove(signed_in.headers), SoftPasskey(**WRONG[fault]))
    assert_problem(reply, 422, pointer="/body/credential", fault="passkey_refused")


@pytest.mark.parametrize("fault", WRONG)
async def test_what_was_signed_elsewhere_or_by_anybody_signs_nobody_in(
    auth: ServiceClient, owner: Owner, fault: str
) -> None:
    for name, value in WRONG[fault].items():
        setattr(owner.passkey, name, value)
    assert_problem(await enter(auth, owner.passkey.show(await options(auth))), 401)


async def test_a_challenge_is_good_once_and_for_its_own_ceremony(auth: ServiceClient, owner: Owner) -> None:
    asked = await options(auth)
    assert (await enter(auth, owner.passkey.show(asked))).status_code == 200
    assert_problem(await enter(auth, owner.passkey.show(asked)), 401)
    other = (await auth.http.post(f"{AUTH}/step-up/options", headers=owner.headers)).json()["public_key"]
    assert_problem(await enter(auth, owner.passkey.show(other)), 401)
    made_up = {**asked, "challenge": "bm90IGEgY2hhbGxlbmdlIG9mIG91cnM"}
    assert_problem(await enter(auth, owner.passkey.show(made_up)), 401)


async def test_a_challenge_of_registration_is_good_once_and_for_who_asked(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    one, other = await sign_in(person()), await sign_in(person())
    asked = (await auth.http.post(f"{PASSKEYS}/options", headers=await prove(one.headers))).json()["public_key"]
    body = {"label": "theirs", "credential": SoftPasskey().make(asked)}
    stolen = await auth.http.post(PASSKEYS, json=body, headers=other.headers)
    assert_problem(stolen, 422, pointer="/body/credential")
    late = await auth.http.post(PASSKEYS, json=body, headers=one.headers)
    assert_problem(late, 422, pointer="/body/credential")


async def test_a_counter_that_does_not_go_up_is_a_copy(auth: ServiceClient, owner: Owner) -> None:
    assert (await enter(auth, owner.passkey.show(await options(auth)))).status_code == 200
    copied_at = owner.passkey.count
    assert (await enter(auth, owner.passkey.show(await options(auth)))).status_code == 200
    owner.passkey.count = copied_at
    assert_problem(await enter(auth, owner.passkey.show(await options(auth))), 401)


async def test_a_counter_that_stays_at_zero_is_an_authenticator_that_has_none(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    signed_in, passkey = await sign_in(person()), SoftPasskey(step=0)
    assert (await add(auth, await prove(signed_in.headers), passkey)).status_code == 201
    for _ in range(2):
        assert (await enter(auth, passkey.show(await options(auth)))).status_code == 200


async def test_nobody_signs_in_as_another_with_a_passkey_of_their_own(
    auth: ServiceClient, owner: Owner, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    victim = owner.person.user_id
    attacker, own = await sign_in(person()), SoftPasskey()
    proved = await prove(attacker.headers)
    assert (await add(auth, proved, own)).status_code == 201
    assert_problem(await enter(auth, own.show(await options(auth), owner=victim.bytes)), 401)
    own.id = owner.passkey.id
    assert_problem(await enter(auth, own.show(await options(auth), owner=victim.bytes)), 401)
    for handle in (b"x", b"not an id", new_id().bytes):
        assert_problem(await enter(auth, owner.passkey.show(await options(auth), owner=handle)), 401)
    request = (await auth.http.post(f"{AUTH}/step-up/options", headers=attacker.headers)).json()["public_key"]
    shown = {"passkey": owner.passkey.show(request)}
    assert_problem(await auth.http.post(f"{AUTH}/step-up", json=shown, headers=attacker.headers), 403)


async def test_nobody_registers_a_passkey_that_another_has(
    auth: ServiceClient, owner: Owner, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    other = await sign_in(person())
    assert_problem(await add(auth, await prove(other.headers), SoftPasskey(id=owner.passkey.id)), 409)


async def test_nobody_sees_renames_or_removes_the_passkey_of_another(
    auth: ServiceClient, owner: Owner, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    other = await sign_in(person())
    proved = await prove(other.headers)
    assert (await auth.http.get(PASSKEYS, headers=other.headers)).json()["items"] == []
    path = f"{PASSKEYS}/{owner.id}"
    assert_problem(await auth.http.patch(path, json={"label": "mine"}, headers=other.headers), 404)
    assert_problem(await auth.http.delete(path, headers=proved), 404)
    renamed = await auth.http.patch(path, json={"label": "Home"}, headers=owner.headers)
    assert renamed.json()["label"] == "Home"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE identity.users SET status = 'deactivated' WHERE id = %s",
        "DELETE FROM identity.memberships WHERE user_id = %s",
    ],
)
async def test_a_passkey_lets_in_only_who_may_sign_in(
    auth: ServiceClient, owner: Owner, superuser: psycopg.Connection, change: str
) -> None:
    superuser.execute(change, [owner.person.user_id])
    assert_problem(await enter(auth, owner.passkey.show(await options(auth))), 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"clientDataJSON": "e30"},
        {"clientDataJSON": "bm90IGpzb24"},
        {"clientDataJSON": "W10"},
        {"clientDataJSON": "bnVsbA"},
        {"clientDataJSON": "eyJ0eXBlIjoxLCJjaGFsbGVuZ2UiOjEsIm9yaWdpbiI6MX0"},
        {"clientDataJSON": "A"},
        {"authenticatorData": "AAAA"},
        {"signature": "AAAA"},
        {"userHandle": "AAAA"},
    ],
)
async def test_what_is_not_even_well_formed_is_refused_as_what_is_wrong(
    auth: ServiceClient, owner: Owner, changes: dict[str, str]
) -> None:
    credential = owner.passkey.show(await options(auth))
    credential["response"] |= changes
    assert_problem(await enter(auth, credential), 401)


async def test_no_altered_text_of_a_browser_is_a_fault_of_the_server(
    auth: ServiceClient, owner: Owner, prove: Prove
) -> None:
    """Bytes of every field are changed, cut off and put before and after others."""
    chance = random.Random(7)
    proved = await prove(owner.headers, code=owner.recovery_codes[0])
    statuses = set()
    for turn in range(60):
        registering = turn % 2
        path = f"{PASSKEYS}/options" if registering else f"{SIGN_IN}/options"
        asked = (await auth.http.post(path, headers=proved)).json()["public_key"]
        credential = SoftPasskey().make(asked) if registering else owner.passkey.show(asked)
        response = credential["response"]
        name = chance.choice(sorted(name for name, value in response.items() if isinstance(value, str)))
        raw = bytearray(base64url_to_bytes(response[name]))
        for _ in range(chance.randint(1, 4)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        response[name] = bytes_to_base64url(bytes(raw[: chance.choice([len(raw), chance.randint(1, len(raw))])]))
        if registering:
            body = {"label": "altered", "credential": credential}
            reply = await auth.http.post(PASSKEYS, json=body, headers=proved)
        else:
            reply = await enter(auth, credential)
        statuses.add(reply.status_code)
    assert statuses <= {201, 200, 401, 422}, statuses
    assert {401, 422} <= statuses


async def test_passkeys_belong_to_the_site_of_the_settings(auth_settings: AuthSettings) -> None:
    def of(**changes: Any) -> tuple[str, list[str]]:
        settings = changed(auth_settings, **changes)
        return settings.passkeys.domain, settings.passkeys.sites

    assert of(public_url="http://127.0.0.1:8000") == ("localhost", ["http://localhost:8000"])
    assert of(public_url="https://api.bank.example/") == ("api.bank.example", ["https://api.bank.example"])
    chosen = {"passkey_rp_id": "bank.example", "passkey_origins": ["https://console.bank.example"]}
    assert of(public_url="https://api.bank.example", **chosen) == ("bank.example", ["https://console.bank.example"])


async def test_the_first_second_factor_gives_recovery_codes_and_later_ones_leave_them(
    auth: ServiceClient, owner: Owner, prove: Prove
) -> None:
    assert len(set(owner.recovery_codes)) == 10
    proved = await prove(owner.headers, code=owner.recovery_codes[0])
    secret = (await auth.http.post(f"{AUTH}/mfa/totp", headers=proved)).json()["secret"]
    code = {"code": totp.code_at(secret, totp.current_step())}
    confirmed = await auth.http.post(f"{AUTH}/mfa/totp/confirm", json=code, headers=proved)
    assert confirmed.json() == {"recovery_codes": []}
    held = (await auth.http.get(f"{AUTH}/mfa", headers=owner.headers)).json()
    assert held == {
        "authenticator": True,
        "passkeys": 1,
        "recovery_codes_left": 9,
        "required": False,
        "grace_ends_at": None,
    }


async def test_a_super_admin_signs_in_with_a_passkey_too(
    auth: ServiceClient, person: Person, sign_in: SignIn, prove: Prove
) -> None:
    signed_in, passkey = await sign_in(person(Role.SUPER_ADMIN, PLATFORM_TENANT_ID)), SoftPasskey()
    assert (await add(auth, await prove(signed_in.headers), passkey)).status_code == 201
    reply = await enter(auth, passkey.show(await options(auth)))
    assert reply.json()["membership"]["role"] == "super_admin"
