"""Access tokens are believed only when everything about them is right."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from accunode_common.auth import tokens
from accunode_common.auth.jwks import FixedKeys, RemoteKeys, parse_key_set
from accunode_common.auth.roles import Permission, Role
from accunode_common.auth.subject import Subject
from accunode_common.auth.tokens import TokenVerifier
from accunode_common.errors import ServiceUnavailableError, UnauthenticatedError
from accunode_common.ids import new_id
from accunode_common.testing.keys import AUDIENCE, ISSUER, TestIssuer

SUBJECT = Subject(
    user_id=new_id(), tenant_id=new_id(), organization_id=new_id(), role=Role.ORG_MEMBER, session_id=new_id()
)


def verifier(keys: TestIssuer) -> TokenVerifier:
    return TokenVerifier(keys.source, issuer=ISSUER, audience=AUDIENCE)


def forged(keys: TestIssuer, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = jwt.decode(keys.token(SUBJECT), options={"verify_signature": False})
    claims.update(changes)
    claims = {name: value for name, value in claims.items() if value is not None}
    headers = {"kid": keys.key_id, "typ": "at+jwt", **(header or {})}
    return jwt.encode(claims, keys.key, algorithm="EdDSA", headers=headers)


async def test_a_valid_token_says_who_calls(issuer: TestIssuer) -> None:
    subject = replace(SUBJECT, scope=frozenset({Permission.COMPANY_READ}))
    token = await verifier(issuer).verify(issuer.token(subject))
    assert token.subject == subject
    assert token.subject.permissions == {Permission.COMPANY_READ}


async def test_an_api_keys_scope_never_widens_the_role() -> None:
    subject = replace(SUBJECT, scope=frozenset({Permission.TENANT_DELETE}))
    assert subject.permissions == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody else"},
        {"aud": "another-api"},
        {"aud": ["accunode-api"]},
        {"exp": 1},
        {"nbf": 9_999_999_999},
        {"sub": "not a uuid"},
        {"role": "emperor"},
        {"scope": "company:read everything:do"},
        {"exp": None},
        {"iat": None},
        {"sid": None},
        {"tid": None},
        {"jti": None},
        {"header": {"typ": "JWT"}},
        {"header": {"kid": "unknown"}},
    ],
    ids=str,
)
async def test_a_token_with_one_thing_wrong_is_refused(issuer: TestIssuer, changes: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError):
        await verifier(issuer).verify(forged(issuer, **changes))


async def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(issuer: TestIssuer) -> None:
    raw = issuer.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    claims = jwt.decode(issuer.token(SUBJECT), options={"verify_signature": False})
    for algorithm, key in (("HS256", raw), ("none", None)):
        token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": issuer.key_id, "typ": "at+jwt"})
        with pytest.raises(UnauthenticatedError):
            await verifier(issuer).verify(token)


async def test_a_token_of_another_key_under_the_same_id_is_refused(issuer: TestIssuer) -> None:
    impostor = TestIssuer(issuer.key_id)
    with pytest.raises(UnauthenticatedError):
        await verifier(issuer).verify(impostor.token(SUBJECT))


@pytest.mark.parametrize("token", ["", "a.b.c", "a" * 5000, "....", "eyJ", "🦊.🦊.🦊"])
async def test_rubbish_is_refused(issuer: TestIssuer, token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        await verifier(issuer).verify(token)


async def test_an_expired_token_is_refused_after_a_short_leeway(issuer: TestIssuer) -> None:
    now = datetime.now(UTC)
    lately = issuer.token(SUBJECT, issued_at=now - timedelta(minutes=15, seconds=5))
    long_ago = issuer.token(SUBJECT, issued_at=now - timedelta(minutes=16))
    await verifier(issuer).verify(lately)
    with pytest.raises(UnauthenticatedError, match="expired"):
        await verifier(issuer).verify(long_ago)


async def test_a_token_is_verified_once_while_its_key_stands(issuer: TestIssuer) -> None:
    checked, token = verifier(issuer), issuer.token(SUBJECT)
    first = await checked.verify(token)
    assert await checked.verify(token) is first
    with pytest.raises(UnauthenticatedError):
        await checked.verify(f"{token[:-4]}AAAA")


class ChangingKeys:
    """Keys that a test changes."""

    def __init__(self) -> None:
        self.keys: dict[str, Ed25519PublicKey] = {}

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        return self.keys.get(key_id)


async def test_a_token_that_was_verified_is_refused_once_its_key_is_withdrawn_or_replaced(issuer: TestIssuer) -> None:
    source, own = ChangingKeys(), issuer.key.public_key()
    source.keys[issuer.key_id] = own
    checked, token = TokenVerifier(source, issuer=ISSUER, audience=AUDIENCE), issuer.token(SUBJECT)
    await checked.verify(token)
    source.keys[issuer.key_id] = TestIssuer(issuer.key_id).key.public_key()
    with pytest.raises(UnauthenticatedError):
        await checked.verify(token)
    source.keys[issuer.key_id] = own
    await checked.verify(token)
    source.keys.clear()
    with pytest.raises(UnauthenticatedError):
        await checked.verify(token)


async def test_a_token_that_has_expired_is_looked_at_anew_each_time(issuer: TestIssuer) -> None:
    checked, within_leeway = verifier(issuer), datetime.now(UTC) - timedelta(minutes=15, seconds=5)
    token = issuer.token(SUBJECT, issued_at=within_leeway)
    first = await checked.verify(token)
    assert await checked.verify(token) is not first


async def test_no_more_tokens_are_remembered_than_there_is_room_for(
    issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_MOST_REMEMBERED", 2)
    checked, (oldest, *others) = verifier(issuer), [issuer.token(SUBJECT) for _ in range(3)]
    first = await checked.verify(oldest)
    kept = [await checked.verify(token) for token in others]
    for token, known in zip(others, kept, strict=True):
        assert await checked.verify(token) is known
    assert await checked.verify(oldest) is not first


def key_set(**keys: Ed25519PrivateKey) -> dict[str, Any]:
    entries = [
        {**json.loads(OKPAlgorithm.to_jwk(key.public_key())), "kid": name, "use": "sig", "alg": "EdDSA"}
        for name, key in keys.items()
    ]
    return {"keys": entries}


class Issuer:
    """A JWKS endpoint that can change and fail."""

    def __init__(self, **keys: Ed25519PrivateKey) -> None:
        self.keys = keys
        self.fetches = 0
        self.fails = False
        self.held: asyncio.Event | None = None

    async def answer(self, _request: httpx.Request) -> httpx.Response:
        self.fetches += 1
        await asyncio.sleep(0.01)
        if self.held is not None:
            await self.held.wait()
        return httpx.Response(503) if self.fails else httpx.Response(200, json=key_set(**self.keys))

    def keys_of(self, **options: float) -> RemoteKeys:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        return RemoteKeys(client, "http://auth/.well-known/jwks.json", parse=parse_key_set, **options)


@pytest.fixture
def new_key() -> Callable[[], Ed25519PrivateKey]:
    return Ed25519PrivateKey.generate


async def test_many_requests_share_one_fetch_of_the_keys(new_key: Callable[[], Ed25519PrivateKey]) -> None:
    issuer = Issuer(a=new_key())
    keys = issuer.keys_of()
    found = await asyncio.gather(*(keys.find("a") for _ in range(20)))
    assert all(found)
    assert issuer.fetches == 1


async def test_a_rotated_key_is_fetched_when_a_token_names_it(new_key: Callable[[], Ed25519PrivateKey]) -> None:
    issuer = Issuer(a=new_key())
    keys = issuer.keys_of(min_interval=0)
    assert await keys.find("a")
    issuer.keys["b"] = new_key()
    assert await keys.find("b")
    assert issuer.fetches == 2


async def test_tokens_with_invented_key_ids_do_not_make_it_fetch_without_end(
    new_key: Callable[[], Ed25519PrivateKey],
) -> None:
    issuer = Issuer(a=new_key())
    keys = issuer.keys_of()
    for number in range(50):
        assert await keys.find(f"invented-{number}") is None
    assert issuer.fetches == 1


async def test_known_keys_keep_serving_while_the_issuer_is_down(new_key: Callable[[], Ed25519PrivateKey]) -> None:
    issuer = Issuer(a=new_key())
    keys = issuer.keys_of(max_age=0, min_interval=0)
    assert await keys.find("a")
    issuer.fails = True
    assert await keys.find("a")


async def test_nobody_waits_for_an_attempt_of_somebody_else_when_the_key_is_known(
    new_key: Callable[[], Ed25519PrivateKey],
) -> None:
    issuer = Issuer(a=new_key())
    keys = issuer.keys_of(max_age=0, min_interval=0)
    assert await keys.find("a")
    issuer.held = asyncio.Event()
    first = asyncio.create_task(keys.find("a"))
    while issuer.fetches < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert await keys.find("a")
    assert not first.done()
    issuer.held.set()
    assert await first


async def test_without_any_key_the_service_is_unavailable_rather_than_the_token_wrong() -> None:
    issuer = Issuer()
    issuer.fails = True
    with pytest.raises(ServiceUnavailableError):
        await issuer.keys_of().find("a")


def test_keys_for_other_uses_or_of_other_kinds_are_passed_over(new_key: Callable[[], Ed25519PrivateKey]) -> None:
    document = key_set(a=new_key(), b=new_key())
    document["keys"][1]["use"] = "enc"
    assert set(parse_key_set(document)) == {"a"}
    with pytest.raises(ValueError, match="key set"):
        parse_key_set({"keys": "none"})


async def test_fixed_keys_know_only_theirs(new_key: Callable[[], Ed25519PrivateKey]) -> None:
    keys = FixedKeys({"a": new_key().public_key()})
    assert await keys.find("a")
    assert await keys.find("b") is None
