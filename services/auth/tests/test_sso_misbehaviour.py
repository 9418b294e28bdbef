"""Providers that lie, and providers that are somebody else: nobody is signed in."""

import gzip
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lying_provider import LyingProvider, lying_provider
from sso_helpers import CONNECTION, SSO, connect, connection_to, query_of, sign_in_from, slug_of

from accunode_auth.outbound import GuardedTransport, check_url
from accunode_auth.single_sign_on.claims import id_token_claims
from accunode_auth.single_sign_on.provider import ProviderError, Providers
from accunode_common.settings import Environment
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller, World
from accunode_common.testing.problems import assert_problem

ME = "/api/v1/users/me"

Person = Callable[..., Caller]
SignIn = Callable[..., Awaitable[Any]]


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    with lying_provider() as provider:
        yield provider


@pytest.fixture
async def bank(
    auth: ServiceClient,
    world: World,
    provider: LyingProvider,
    superuser: psycopg.Connection,
) -> World:
    """Tenant one, whose member `ada` is known to the provider."""
    await connect(auth, world.one.tenant_admin, provider.issuer)
    superuser.execute(
        "INSERT INTO identity.federated_identities (tenant_id, id, issuer, subject, user_id)"
        " VALUES (%s, gen_random_uuid(), %s, 'ada', %s)",
        [world.one.id, provider.issuer, world.one.org_member.user_id],
    )
    return world


async def test_one_that_tells_the_truth_signs_in(auth: ServiceClient, bank: World, provider: LyingProvider) -> None:
    reply = await sign_in_from(auth, bank.one.id, provider)
    assert reply.status_code == 200, reply.text
    assert reply.json()["membership"]["tenant_id"] == str(bank.one.id)


NOW = int(time.time())
LIES: dict[str, dict[str, Any]] = {
    "another nonce": {"claims": {"nonce": "another"}},
    "no nonce": {"claims": {"nonce": None}},
    "another audience": {"claims": {"aud": "another-client"}},
    "no audience": {"claims": {"aud": None}},
    "several audiences without an authorized party": {"claims": {"aud": ["accunode", "another-client"]}},
    "another authorized party": {"claims": {"azp": "another-client"}},
    "several audiences and another authorized party": {
        "claims": {"aud": ["accunode", "another-client"], "azp": "another-client"}
    },
    "another issuer": {"claims": {"iss": "https://login.bank.example"}},
    "an issuer with a slash more": {"claims": {"iss": "{issuer}/"}},
    "no issuer": {"claims": {"iss": None}},
    "expired": {"claims": {"exp": NOW - 60}},
    "no end": {"claims": {"exp": None}},
    "issued long ago": {"claims": {"iat": NOW - 3600}},
    "issued in the future": {"claims": {"iat": NOW + 3600}},
    "no time of issue": {"claims": {"iat": None}},
    "no subject": {"claims": {"sub": None}},
    "an empty subject": {"claims": {"sub": ""}},
    "a subject that is a list": {"claims": {"sub": ["ada"]}},
    "a long subject": {"claims": {"sub": "a" * 256}},
    "another access token": {"claims": {"at_hash": "bm90IGl0cyBoYXNoIGF0"}},
    "no signature": {"header": {"alg": "none"}, "signing_key": ""},
    "signed with the client's secret": {"header": {"alg": "HS256"}, "signing_key": "kR2tVq8mZ1xW5yN9pL3c" * 2},
    "signed with another key": {"signing_key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
    "an unknown key": {"header": {"kid": "unknown"}},
    "a key id that is a number": {"header": {"kid": "7"}},
    "another kind of token": {"header": {"typ": "at+jwt"}},
    "a logout token": {"header": {"typ": "logout+jwt"}},
    "an extension that must be understood": {"header": {"crit": ["exp"]}},
}


@pytest.mark.parametrize("name", LIES)
async def test_a_token_that_is_not_right_signs_nobody_in(
    auth: ServiceClient, bank: World, provider: LyingProvider, superuser: psycopg.Connection, name: str
) -> None:
    lie = LIES[name]
    claims = lie.get("claims", {})
    provider.claims = {
        key: value.format(issuer=provider.issuer) if key == "iss" and value else value for key, value in claims.items()
    }
    provider.header, provider.signing_key = lie.get("header", {}), lie.get("signing_key")
    assert_problem(await sign_in_from(auth, bank.one.id, provider), 401)
    actions = superuser.execute("SELECT action FROM audit.events WHERE tenant_id = %s", [bank.one.id]).fetchall()
    assert ("sso.refuse",) in actions
    assert ("session.begin",) not in actions
    provider.claims, provider.header, provider.signing_key = {}, {}, None
    assert (await sign_in_from(auth, bank.one.id, provider)).status_code == 200, (
        "the provider is believed when it says the truth"
    )


async def test_the_issuer_of_the_answer_must_be_the_one_that_was_asked(
    auth: ServiceClient, bank: World, provider: LyingProvider
) -> None:
    """RFC 9207: a provider of one tenant cannot slip its answer into another's sign-in."""
    assert_problem(await sign_in_from(auth, bank.one.id, provider, iss="https://login.other.example"), 401)
    assert (await sign_in_from(auth, bank.one.id, provider, iss=provider.issuer)).status_code == 200
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    await connect(auth, bank.one.tenant_admin, provider.issuer)
    assert_problem(await sign_in_from(auth, bank.one.id, provider), 401)


async def test_a_code_that_was_used_and_a_refusal_sign_nobody_in(
    auth: ServiceClient, bank: World, provider: LyingProvider
) -> None:
    assert (await sign_in_from(auth, bank.one.id, provider, code="the code")).status_code == 200
    assert_problem(await sign_in_from(auth, bank.one.id, provider, code="the code"), 401)
    assert_problem(await sign_in_from(auth, bank.one.id, provider, code=None, error="access_denied"), 401)
    assert_problem(await sign_in_from(auth, bank.one.id, provider, state="unknown-state-of-nobody"), 410)


async def test_keys_are_fetched_again_when_they_changed_and_not_for_every_guess(
    auth: ServiceClient, bank: World, provider: LyingProvider
) -> None:
    assert (await sign_in_from(auth, bank.one.id, provider)).status_code == 200
    fetched = provider.keys_fetched
    for _ in range(5):
        provider.header = {"kid": f"guess-{time.time_ns()}"}
        assert_problem(await sign_in_from(auth, bank.one.id, provider), 401)
    assert provider.keys_fetched - fetched <= 1


async def test_a_new_key_is_believed_once_the_provider_publishes_it(
    auth: ServiceClient, bank: World, provider: LyingProvider
) -> None:
    provider.elliptic("second")
    assert (await sign_in_from(auth, bank.one.id, provider)).status_code == 200


async def test_another_key_under_a_known_keys_name_is_believed_once_the_provider_publishes_it(
    provider: LyingProvider,
) -> None:
    providers = Providers(Environment.LOCAL, keys_min_interval=0)
    metadata, told = await providers.discover(provider.issuer), {"client_id": "accunode", "nonce": provider.nonce}

    async def subject() -> Any:
        token = provider.id_token("token")
        return (await id_token_claims(providers, metadata, token, access_token="token", **told))["sub"]

    assert await subject() == "ada"
    for change in (provider.rotate, provider.elliptic, provider.rotate):
        change(provider.key_id)
        assert await subject() == "ada"
    provider.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(ProviderError, match="Signature"):
        await subject()


async def test_weak_keys_are_not_believed(auth: ServiceClient, bank: World, provider: LyingProvider) -> None:
    provider.rotate("weak", bits=1024)
    with pytest.warns(Warning, match="1024 bits"):
        assert_problem(await sign_in_from(auth, bank.one.id, provider), 503)


async def test_the_userinfo_endpoint_must_speak_of_the_same_person(
    auth: ServiceClient, bank: World, provider: LyingProvider
) -> None:
    provider.user_info = {"sub": "grace", "email": "ada@bank.example"}
    await connect(auth, bank.one.tenant_admin, provider.issuer)
    assert_problem(await sign_in_from(auth, bank.one.id, provider), 401)
    provider.user_info = {"sub": "ada"}
    assert (await sign_in_from(auth, bank.one.id, provider)).status_code == 200


JSON = {"Content-Type": "application/json"}
UNUSABLE: dict[str, tuple[int, dict[str, str], bytes]] = {
    "a redirect": (302, {"Location": "http://127.0.0.1:9/"}, b""),
    "an error": (500, JSON, b"{}"),
    "no JSON": (200, JSON, b"<html>"),
    "a list": (200, JSON, b"[]"),
    "deep nesting": (200, JSON, b"[" * 100_000),
    "too much": (200, JSON, b'{"a": "' + b"a" * 300_000 + b'"}'),
    "compressed": (200, JSON | {"Content-Encoding": "gzip"}, gzip.compress(b"{}")),
    "a charset that does not exist": (200, {"Content-Type": "application/json; charset=nonsense"}, b"{}"),
}


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
async def test_an_answer_that_cannot_be_used_is_refused(
    auth: ServiceClient, bank: World, provider: LyingProvider, path: str, name: str
) -> None:
    provider.raw = {path: UNUSABLE[name]}
    if path.endswith("configuration"):
        reply = await auth.as_(bank.one.tenant_admin).put(CONNECTION, json=connection_to(provider.issuer))
        assert_problem(reply, 422, pointer="/body/issuer")
    else:
        reply = await sign_in_from(auth, bank.one.id, provider)
        assert reply.status_code in {401, 503}, reply.text


METADATA: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://login.bank.example"},
    "no issuer": {"issuer": None},
    "no code flow": {"response_types_supported": ["id_token"]},
    "plain PKCE only": {"code_challenge_methods_supported": ["plain"]},
    "no signatures": {"id_token_signing_alg_values_supported": ["none"]},
    "signatures by the secret": {"id_token_signing_alg_values_supported": ["HS256"]},
    "keys over plain HTTP": {"jwks_uri": "http://login.bank.example/jwks"},
    "a token endpoint that is a file": {"token_endpoint": "file:///etc/passwd"},
    "a script to sign in with": {"authorization_endpoint": "javascript:alert(1)"},
    "a password in a URL": {"token_endpoint": "https://user:password@login.bank.example/token"},
}


@pytest.mark.parametrize("name", METADATA)
async def test_metadata_that_do_not_fit_are_refused_when_they_are_saved(
    auth: ServiceClient, bank: World, provider: LyingProvider, name: str
) -> None:
    provider.metadata = METADATA[name]
    reply = await auth.as_(bank.one.tenant_admin).put(CONNECTION, json=connection_to(provider.issuer))
    problem = assert_problem(reply, 422, pointer="/body/issuer")
    assert "bank.example" not in json.dumps(problem)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.bank.example",
        "ftp://login.bank.example",
        "https://",
        "https://user@login.bank.example",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost.bank.example",
    ],
)
def test_plain_http_is_for_this_machine_only(url: str) -> None:
    for environment in Environment:
        with pytest.raises(ValueError, match=r"."):
            check_url(url, environment)
    with pytest.raises(ValueError, match="https"):
        check_url("http://127.0.0.1:9000", Environment.PRODUCTION)
    check_url("http://127.0.0.1:9000", Environment.LOCAL)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "224.0.0.1", "2130706433",
        "0x7f000001", "[2002:a00:1::1]",
    ],
)  # fmt: skip
async def test_in_production_nothing_is_asked_at_an_address_that_is_not_public(host: str) -> None:
    async with httpx.AsyncClient(transport=GuardedTransport(Environment.PRODUCTION)) as client:
        with pytest.raises(httpx.RequestError, match=r"not public|resolved"):
            await client.get(f"https://{host}:9/")


async def signed_in(auth: ServiceClient, bank: World, provider: LyingProvider) -> dict[str, str]:
    tokens = (await sign_in_from(auth, bank.one.id, provider)).json()
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def log_out_by_provider(auth: ServiceClient, bank: World, token: str) -> httpx.Response:
    return await auth.http.post(f"{SSO}/{slug_of(bank.one.id)}/backchannel-logout", data={"logout_token": token})


async def test_signing_out_here_says_where_to_sign_out_at_the_provider(
    auth: ServiceClient, bank: World, provider: LyingProvider
) -> None:
    headers = await signed_in(auth, bank, provider)
    url = (await auth.http.post(f"{SSO}/logout", headers=headers)).json()["end_session_url"]
    assert url.startswith(f"{provider.issuer}/logout?")
    asked = query_of(url)
    assert (asked["client_id"], asked["post_logout_redirect_uri"]) == ("accunode", "http://127.0.0.1:8000")
    assert asked["id_token_hint"].count(".") == 2
    assert_problem(await auth.http.get(ME, headers=headers), 401)


async def test_the_provider_ends_a_persons_sessions_at_once(
    auth: ServiceClient, bank: World, provider: LyingProvider, superuser: psycopg.Connection
) -> None:
    first, second = [await signed_in(auth, bank, provider) for _ in range(2)]
    reply = await log_out_by_provider(auth, bank, provider.logout_token())
    assert reply.status_code == 204, reply.text
    for headers in (first, second):
        assert_problem(await auth.http.get(ME, headers=headers), 401)
    begun_here = await auth.as_(bank.one.org_member).get(ME)
    assert begun_here.status_code == 200, "a session that the provider did not vouch for goes on"


async def test_the_provider_ends_the_session_that_it_names(
    auth: ServiceClient, bank: World, provider: LyingProvider
) -> None:
    provider.claims = {"sid": "one"}
    first = await signed_in(auth, bank, provider)
    provider.claims = {"sid": "two"}
    second = await signed_in(auth, bank, provider)
    provider.claims = {}
    assert (await log_out_by_provider(auth, bank, provider.logout_token(sub=None, sid="one"))).status_code == 204
    assert_problem(await auth.http.get(ME, headers=first), 401)
    assert (await auth.http.get(ME, headers=second)).status_code == 200


BAD_LOGOUTS: dict[str, dict[str, Any]] = {
    "no event": {"events": None},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "events that are a list": {"events": ["http://schemas.openid.net/event/backchannel-logout"]},
    "a nonce": {"nonce": "n"},
    "nobody": {"sub": None},
    "no id": {"jti": None},
    "another audience": {"aud": "another-client"},
    "another issuer": {"iss": "https://login.bank.example"},
    "expired": {"exp": NOW - 60},
    "issued long ago": {"iat": NOW - 3600},
    "an access token": {"typ": "at+jwt"},
}


@pytest.mark.parametrize("name", BAD_LOGOUTS)
async def test_a_logout_token_that_is_not_right_ends_nothing(
    auth: ServiceClient, bank: World, provider: LyingProvider, name: str
) -> None:
    headers = await signed_in(auth, bank, provider)
    assert_problem(await log_out_by_provider(auth, bank, provider.logout_token(**BAD_LOGOUTS[name])), 400)
    assert (await auth.http.get(ME, headers=headers)).status_code == 200


async def test_a_logout_token_is_good_once_and_for_its_own_tenant(
    auth: ServiceClient, bank: World, provider: LyingProvider
) -> None:
    token = provider.logout_token()
    other = await auth.http.post(
        f"{SSO}/{slug_of(bank.two.id, 'two')}/backchannel-logout", data={"logout_token": token}
    )
    assert_problem(other, 404)
    assert (await log_out_by_provider(auth, bank, token)).status_code == 204
    assert_problem(await log_out_by_provider(auth, bank, token), 400)
