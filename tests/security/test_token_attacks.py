"""No service takes a token that the issuer did not sign as it is, for this API and for now: each attack on each."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from tests.applications import Running
from tests.security.forging import Forge, encoded, hmac_with, stranger

from accunode_common.auth.credentials import Credential
from accunode_common.auth.roles import Permission, Role
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

DOORS = {
    "auth": "/api/v1/users/me",
    "tenants": "/api/v1/organizations",
    "predictions": "/api/v1/companies",
    "bulk-upload": "/api/v1/bulk-uploads",
}
Attack = Callable[[Forge], str]


def another_signature(forge: Forge, last: str) -> str:
    """The token of the forge with the last character of its signature changed to one of other bits."""
    whole = forge.token()
    return whole[:-3] + last + whole[-2:]


def jwk_of(key: Any) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": encoded(key.public_key().public_bytes_raw())}


def signed_by(key: Any, **header: Any) -> Attack:
    return lambda forge: forge.token(header, sign=key.sign)


def claiming(**claims: Any) -> Attack:
    return lambda forge: forge.token(claims=claims)


def headed(**header: Any) -> Attack:
    return lambda forge: forge.token(header)


def lacking(*names: str) -> Attack:
    return lambda forge: forge.token(without=names)


def altered(**claims: Any) -> Attack:
    """Another payload under the signature of the true one."""

    def attack(forge: Forge) -> str:
        head, _, signature = forge.token().split(".")
        return f"{head}.{encoded(json.dumps({**forge.claims, **claims}).encode())}.{signature}"

    return attack


def _key_of(forge: Forge) -> str:
    return Credential.new("ak", forge.caller.tenant_id, forge.caller.user_id, new_id()).text


def _refresh_token_of(forge: Forge) -> str:
    return Credential.new("rt", forge.caller.user_id, new_id()).text


def _es256(content: bytes) -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).sign(content, ec.ECDSA(SHA256()))


def _rs256(content: bytes) -> bytes:
    return rsa.generate_private_key(65537, 2048).sign(content, PKCS1v15(), SHA256())


ME = stranger()
NOW = time.time()
ATTACKS: Mapping[str, Attack] = {
    "alg none": lambda forge: forge.token({"alg": "none"}, sign=lambda _: b""),
    "alg None in other letters": lambda forge: forge.token({"alg": "nOnE"}, sign=lambda _: b""),
    "alg none and the true signature": headed(alg="none"),
    "alg in other letters": headed(alg="eddsa"),
    "alg missing": headed(alg=None),
    "alg a list": headed(alg=["EdDSA"]),
    "HS256 with the public key as PEM": lambda forge: forge.token({"alg": "HS256"}, sign=hmac_with(forge.public_pem)),
    "HS256 with the public key's bytes": lambda forge: forge.token({"alg": "HS256"}, sign=hmac_with(forge.public_raw)),
    "HS256 with an empty key": lambda forge: forge.token({"alg": "HS256"}, sign=hmac_with(b"")),
    "HS256 called EdDSA": lambda forge: forge.token(sign=hmac_with(forge.public_raw)),
    "ES256": lambda forge: forge.token({"alg": "ES256"}, sign=_es256),
    "RS256": lambda forge: forge.token({"alg": "RS256"}, sign=_rs256),
    "another curve": lambda forge: forge.token(sign=ed448.Ed448PrivateKey.generate().sign),
    "another's key": signed_by(ME),
    "another's key under an unknown kid": signed_by(ME, kid="mine"),
    "kid unknown": headed(kid="another"),
    "kid missing": headed(kid=None),
    "kid empty": headed(kid=""),
    "kid a number": headed(kid=1),
    "kid a path": headed(kid="../../../../dev/null"),
    "kid a statement": headed(kid="test-key' union select 'x"),
    "kid an address": headed(kid="http://127.0.0.1:9/key"),
    "kid with a NUL": headed(kid="test-key\x00"),
    "jku": signed_by(ME, kid="mine", jku="http://127.0.0.1:9/jwks.json"),
    "jku under the true kid": signed_by(ME, jku="http://127.0.0.1:9/jwks.json"),
    "jwk": signed_by(ME, jwk=jwk_of(ME)),
    "jwk under no kid": signed_by(ME, kid=None, jwk=jwk_of(ME)),
    "x5u": signed_by(ME, x5u="http://127.0.0.1:9/chain.pem"),
    "x5c": signed_by(ME, x5c=[base64.b64encode(b"a certificate").decode()]),
    "an unknown critical header": headed(crit=["exp-hard"], **{"exp-hard": 1}),
    "typ of an ID token": headed(typ="JWT"),
    "typ missing": headed(typ=None),
    "expired": claiming(iat=NOW - 9000, nbf=int(NOW) - 9000, exp=int(NOW) - 60),
    "expired to the letter": claiming(exp=str(int(NOW) - 60)),
    "never expiring": lacking("exp"),
    "expiring after all time": claiming(exp=10**400),
    "expiring at infinity": claiming(exp=float("inf")),
    "not yet valid": claiming(nbf=int(NOW) + 3600),
    "issued in the future": claiming(iat=NOW + 3600),
    "another issuer": claiming(iss="https://accounts.example"),
    "an issuer that starts alike": claiming(iss="accunode.example"),
    "issuers": claiming(iss=["accunode", "other"]),
    "another audience": claiming(aud="another-api"),
    "audiences": claiming(aud=["accunode-api", "another-api"]),
    "no issuer": lacking("iss"),
    "no audience": lacking("aud"),
    "no subject": lacking("sub"),
    "no session": lacking("sid"),
    "no tenant": lacking("tid"),
    "no role": lacking("role"),
    "no issue time": lacking("iat"),
    "no token id": lacking("jti"),
    "a subject that is no id": claiming(sub="admin"),
    "a subject that is a number": claiming(sub=1),
    "a tenant that is no id": claiming(tid="*"),
    "a tenant that is a list": claiming(tid=[str(PLATFORM_TENANT_ID)]),
    "an organization that is no id": claiming(oid="'; drop table"),
    "an unknown role": claiming(role="root"),
    "roles": claiming(role=["org_member", "super_admin"]),
    "an unknown scope": claiming(scope="everything"),
    "a scope that is a list": claiming(scope=["company:read"]),
    "a role altered": altered(role=Role.SUPER_ADMIN.value),
    "a tenant altered": altered(tid=str(PLATFORM_TENANT_ID)),
    "a subject altered": altered(sub=str(new_id())),
    "a scope widened": altered(scope=" ".join(Permission)),
    "an expiry altered": altered(exp=int(NOW) + 10**9),
    "no signature": lambda forge: forge.token(sign=lambda _: b""),
    "a truncated signature": lambda forge: forge.token()[:-10],
    "zeros for a signature": lambda forge: forge.token(sign=lambda _: bytes(64)),
    "a signature's bit changed": lambda forge: another_signature(forge, "A" if forge.token()[-3] != "A" else "B"),
    "a signature of other content": lambda forge: forge.token(sign=lambda _: forge.issuer.key.sign(b"content")),
    "two segments": lambda forge: forge.token().rpartition(".")[0],
    "four segments": lambda forge: forge.token() + ".e30",
    "five segments": lambda forge: forge.token() + ".e30.e30",
    "empty segments": lambda _: "..",
    "no JSON in it": lambda _: f"{encoded(b'[')}.{encoded(b'[')}.{encoded(b'x')}",
    "JSON of another kind": lambda forge: f"{encoded(b'[]')}.{forge.token().partition('.')[2]}",
    "a space inside": lambda forge: forge.token().replace(".", " .", 1),
    "padding": lambda forge: forge.token() + "==",
    "a huge token": lambda forge: forge.token(claims={"note": "x" * 20_000}),
    "deep JSON": lambda forge: f"{encoded(b'[' * 2_000)}.{encoded(b'[' * 900)}.{encoded(b'x')}",
    "a nested token": lambda forge: forge.token({"cty": "JWT"}, sign=lambda _: forge.token().encode()),
    "an API key": _key_of,
    "a refresh token": _refresh_token_of,
    "a hash": lambda forge: hashlib.sha256(forge.token().encode()).hexdigest(),
}


@pytest.fixture(params=sorted(DOORS))
def door(request: pytest.FixtureRequest, services: list[Running]) -> tuple[Running, str]:
    """Each service, and a path behind which one must be signed in."""
    return next(each for each in services if each.application.service.name == request.param), DOORS[request.param]


@pytest.fixture(scope="module")
def member(world_maker: Any) -> Caller:
    """A member of an organization."""
    world: World = world_maker.world()
    return world.one.org_admin


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def ask(door: tuple[Running, str], **options: Any) -> httpx.Response:
    service, path = door
    return await service.client.http.get(path, **options)


async def test_the_forge_makes_tokens_that_are_taken(
    door: tuple[Running, str], issuer: TestIssuer, member: Caller
) -> None:
    """So that each attack below fails for its one difference."""
    assert (await ask(door, headers=bearing(Forge(issuer, member).token()))).status_code == 200


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_forged_token_is_refused(
    door: tuple[Running, str], issuer: TestIssuer, member: Caller, attack: Attack
) -> None:
    reply = await ask(door, headers=bearing(attack(Forge(issuer, member))))
    assert_problem(reply, 401, "unauthenticated")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert "127.0.0.1" not in reply.text


async def test_a_token_is_taken_from_its_header_alone(
    door: tuple[Running, str], issuer: TestIssuer, member: Caller
) -> None:
    token = Forge(issuer, member).token()
    elsewhere: list[dict[str, Any]] = [
        {"headers": {"Cookie": f"access_token={token}; Authorization=Bearer {token}"}},
        {"headers": {"X-Access-Token": token, "X-Authorization": f"Bearer {token}"}},
        {"headers": {"Proxy-Authorization": f"Bearer {token}"}},
        {"headers": {"Authorization": token}},
        {"headers": {"Authorization": f"Basic {token}"}},
        {"headers": {"Authorization": f"Token {token}"}},
        {"headers": {"Authorization": "Bearer"}},
        {"headers": {"Authorization": "Bearer "}},
    ]
    for options in elsewhere:
        assert_problem(await ask(door, **options), 401, "unauthenticated")
    for name in ("access_token", "token", "authorization"):
        assert (await ask(door, params={name: token})).status_code in {401, 422}


async def test_of_two_authorization_headers_none_adds_power(
    door: tuple[Running, str], issuer: TestIssuer, member: Caller
) -> None:
    good, bad = Forge(issuer, member).token(), Forge(issuer, member).token({"alg": "none"})
    for pair in ((bad, good), (bad, bad), ("", good)):
        reply = await ask(door, headers=[("Authorization", f"Bearer {token}") for token in pair])
        assert_problem(reply, 401, "unauthenticated")


async def test_white_space_around_a_token_is_never_a_server_error(
    door: tuple[Running, str], issuer: TestIssuer, member: Caller
) -> None:
    token = Forge(issuer, member).token()
    for text in (f"Bearer  {token}", f"Bearer\t{token}", f"bearer {token}", f"Bearer {token},{token}"):
        assert (await ask(door, headers={"Authorization": text})).status_code in {200, 401}


async def test_a_scope_never_adds_to_the_role(
    door: tuple[Running, str], services: list[Running], issuer: TestIssuer, member: Caller
) -> None:
    """Even the issuer's own key cannot name more than the role allows."""
    wide = replace(member.subject, role=Role.ORG_MEMBER, session_id=new_id(), scope=frozenset(Permission))
    assert wide.permissions <= replace(wide, scope=None).permissions
    reply = await services[1].client.http.get("/api/v1/tenants", headers=bearing(issuer.token(wide)))
    assert_problem(reply, 403, "forbidden")


async def test_the_token_of_an_ended_session_is_refused_by_every_service(
    door: tuple[Running, str], services: list[Running], issuer: TestIssuer, member: Caller
) -> None:
    subject = replace(member.subject, session_id=new_id())
    headers = bearing(issuer.token(subject))
    assert (await ask(door, headers=headers)).status_code == 200
    assert (await services[0].client.http.post("/api/v1/auth/logout", headers=headers)).status_code == 204
    assert_problem(await ask(door, headers=headers), 401, "unauthenticated")


async def test_every_token_of_a_person_who_ended_all_sessions_is_refused(
    door: tuple[Running, str], services: list[Running], issuer: TestIssuer, world: World
) -> None:
    person = world.one.org_admin
    others = [issuer.token(replace(person.subject, session_id=new_id())) for _ in range(3)]
    ended = await services[0].client.http.post("/api/v1/auth/logout-all", headers=person.headers)
    assert ended.status_code == 204
    for token in (person.token, *others):
        assert_problem(await ask(door, headers=bearing(token)), 401, "unauthenticated")


async def test_every_token_of_a_suspended_tenant_is_refused(
    door: tuple[Running, str], services: list[Running], world: World
) -> None:
    tenants = services[1].client.as_(world.super_admin)
    reply = await tenants.patch(f"/api/v1/tenants/{world.one.id}", json={"status": "suspended"})
    assert reply.status_code == 200, reply.text
    for person in (world.one.tenant_admin, world.one.org_admin, world.one.org_member):
        assert_problem(await ask(door, headers=person.headers), 401, "unauthenticated")
    assert (await ask(door, headers=world.two.org_admin.headers)).status_code == 200


async def test_a_deleted_persons_tokens_are_refused(
    door: tuple[Running, str], services: list[Running], world: World
) -> None:
    admin = services[0].client.as_(world.super_admin)
    person = world.one.org_member
    reply = await admin.delete(f"/api/v1/users/{person.user_id}")
    assert reply.status_code == 204, reply.text
    assert_problem(await ask(door, headers=person.headers), 401, "unauthenticated")
