"""The auth service, running, and people with passwords."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from accunode_auth.admin import generate_key
from accunode_auth.app import create_app
from accunode_auth.keys.keyring import KeyRing
from accunode_auth.settings import AuthSettings
from accunode_common.auth.jwks import FixedKeys
from accunode_common.auth.roles import Role
from accunode_common.db.access import DatabaseRole
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, WorldMaker
from accunode_common.testing.plugin import SettingsFactory

sys.path.insert(0, str(Path(__file__).parent))

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def auth_settings(make_settings: SettingsFactory, tmp_path_factory: pytest.TempPathFactory) -> AuthSettings:
    folder = tmp_path_factory.mktemp("auth")
    generate_key(folder / "key.pem")
    return make_settings(
        AuthSettings,
        DatabaseRole.AUTH,
        jwks_url=None,
        signing_key_file=folder / "key.pem",
        mail_url=f"file://{folder}/mail",
        mfa_key="a key for tests that nobody else has",
        password_memory_kib=64,
        password_passes=1,
        discreet_reply_time="PT0.01S",
        public_limit_scale=1000,
    )


class BothKeys:
    """Believes the service's own tokens and the test's."""

    def __init__(self, *sources: Any) -> None:
        self._sources = sources

    async def find(self, key_id: str) -> Any:
        for source in self._sources:
            if key := await source.find(key_id):
                return key
        return None


@pytest.fixture(scope="session")
async def auth(auth_settings: AuthSettings, issuer: TestIssuer) -> AsyncIterator[ServiceClient]:
    """The service, which believes the test's tokens beside its own."""
    source: FixedKeys = issuer.source
    app = create_app(auth_settings, BothKeys(KeyRing(auth_settings), source))
    async with running(app) as client:
        yield client


@dataclass
class SignedIn:
    """A client that signed in."""

    person: Caller
    tokens: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}


@pytest.fixture
def person(world_maker: WorldMaker) -> Callable[..., Caller]:
    """Makes somebody who signs in with `PASSWORD`."""
    kept = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)

    def make(role: Role = Role.USER, tenant_id: Any = PLATFORM_TENANT_ID, organization_id: Any = None) -> Caller:
        return world_maker.caller(role, tenant_id, organization_id, password_hash=kept)

    return make


@pytest.fixture
def sign_in(auth: ServiceClient) -> Callable[..., Awaitable[SignedIn]]:
    """Signs a person in over HTTP."""

    async def attempt(who: Caller, **options: Any) -> SignedIn:
        reply = await log_in(auth, who.email, **options)
        assert reply.status_code == 200, reply.text
        return SignedIn(who, reply.json())

    return attempt


@pytest.fixture
def mailbox(auth_settings: AuthSettings) -> Callable[[str], list[EmailMessage]]:
    """The mails that an address got, the oldest first."""
    assert auth_settings.mail.url is not None
    folder = Path(auth_settings.mail.url.get_secret_value().removeprefix("file://"))

    def read(address: str) -> list[EmailMessage]:
        mails = [message_from_bytes(file.read_bytes(), policy=default) for file in sorted(folder.glob("*.eml"))]
        return [mail for mail in mails if mail["To"] == address]

    return read


@pytest.fixture
def prove(auth: ServiceClient) -> Callable[..., Awaitable[dict[str, str]]]:
    """Shows again who somebody is, by the password unless another proof is given; gives headers of the new token."""

    async def attempt(headers: dict[str, str], **proof: Any) -> dict[str, str]:
        body = proof or {"password": PASSWORD}
        reply = await auth.http.post("/api/v1/auth/step-up", json=body, headers=headers)
        assert reply.status_code == 200, reply.text
        return {"Authorization": f"Bearer {reply.json()['access_token']}"}

    return attempt


async def log_in(auth: ServiceClient, email: str, password: str = PASSWORD, **options: Any) -> httpx.Response:
    """One attempt."""
    return await auth.http.post("/api/v1/auth/login", json={"email": email, "password": password}, **options)
