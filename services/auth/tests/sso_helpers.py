"""Driving single sign-on: a person's browser at a provider, and a tenant that lets the provider vouch."""

import html
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from lying_provider import LyingProvider
from openid_provider import PASSWORD as PROVIDER_PASSWORD

from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import Caller

SSO = "/api/v1/auth/sso"
CONNECTION = f"{SSO}/connection"
CALLBACK = "http://127.0.0.1:8000/api/v1/auth/sso/callback"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def slug_of(tenant_id: Any, label: str = "one") -> str:
    """The short name that `WorldMaker` gives a tenant."""
    return f"bank-{label}-{tenant_id}"


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def connection_to(issuer: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "The bank's sign-in",
        "issuer": issuer,
        "client_id": "accunode",
        "client_secret": "kR2tVq8mZ1xW5yN9pL3c",
        "default_role": "org_member",
        **changes,
    }


async def connect(auth: ServiceClient, admin: Caller, issuer: str, **changes: Any) -> dict[str, Any]:
    reply = await auth.as_(admin).put(CONNECTION, json=connection_to(issuer, **changes))
    assert reply.status_code == 200, reply.text
    saved: dict[str, Any] = reply.json()
    return saved


async def start(auth: ServiceClient, slug: str) -> dict[str, Any]:
    reply = await auth.http.get(f"{SSO}/{slug}/start")
    assert reply.status_code == 200, reply.text
    started: dict[str, Any] = reply.json()
    return started


async def sign_in_at_provider(url: str, login: str, password: str) -> str:
    """Where a browser ends whose person signs in, and consents, at a provider's pages."""
    async with httpx.AsyncClient(timeout=20) as browser:
        reply = await browser.get(url)
        for _ in range(10):
            if reply.is_redirect:
                target = str(reply.url.join(reply.headers["location"]))
                if target.startswith(CALLBACK.rpartition("/")[0]):
                    return target
                reply = await browser.get(target)
                continue
            fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', reply.text))
            names = set(re.findall(r'<(?:input|button)[^>]*name="([^"]+)"', reply.text))
            answers = {"login": login, "password": password, "answer": "accept"}
            form = {name: html.unescape(value) for name, value in fields.items()}
            form |= {
                name: answers[name] for name in names & set(answers) if not (name == "answer" and "login" in names)
            }
            reply = await browser.post(reply.url, data=form)
        raise AssertionError(f"the provider never sent the browser back: {reply.status_code} {reply.text[:500]}")


async def come_back(auth: ServiceClient, url: str, **options: Any) -> httpx.Response:
    """The browser follows the provider back to the service."""
    parts = urlsplit(url)
    return await auth.http.get(f"{parts.path}?{parts.query}", **options)


async def redeem(auth: ServiceClient, code: str, state_token: str | None) -> httpx.Response:
    return await auth.http.post(f"{SSO}/token", json={"code": code, "state_token": state_token})


@dataclass(frozen=True)
class RealProvider:
    """Canaille, running."""

    issuer: str
    password: str
    people: tuple[str, ...]

    async def vouch(self, auth: ServiceClient, slug: str, login: str) -> tuple[str, str]:
        """A code for tokens, and the state token of the client that began."""
        begun = await start(auth, slug)
        back = await sign_in_at_provider(begun["authorization_url"], login, self.password)
        finished = await come_back(auth, back)
        assert finished.status_code == 200, finished.text
        return finished.json()["code"], begun["state_token"]

    async def sign_in(self, auth: ServiceClient, slug: str, login: str) -> httpx.Response:
        return await redeem(auth, *(await self.vouch(auth, slug, login)))


@contextmanager
def real_provider(*people: str) -> Iterator[RealProvider]:
    """Canaille, which knows the people of these addresses."""
    port = free_port()
    script = Path(__file__).with_name("openid_provider.py")
    command = [sys.executable, str(script), str(port), CALLBACK, *people]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield RealProvider(f"http://localhost:{port}", PROVIDER_PASSWORD, people)
        process.kill()


async def come_from(
    auth: ServiceClient, tenant_id: Any, provider: LyingProvider, **changes: Any
) -> tuple[httpx.Response, str]:
    """The reply to a browser that the lying provider sends back, and the state token of the client that began."""
    begun = await start(auth, slug_of(tenant_id))
    asked = query_of(begun["authorization_url"])
    assert (asked["response_type"], asked["redirect_uri"]) == ("code", CALLBACK)
    provider.nonce, provider.challenge = asked["nonce"], asked["code_challenge"]
    query = {"code": f"code-{time.time_ns()}", "state": asked["state"], **changes}
    told = {name: value for name, value in query.items() if value is not None}
    return await auth.http.get(f"{SSO}/callback", params=told), begun["state_token"]


async def sign_in_from(auth: ServiceClient, tenant_id: Any, provider: LyingProvider, **changes: Any) -> httpx.Response:
    """The reply to the client of somebody whom the lying provider sends back."""
    reply, state_token = await come_from(auth, tenant_id, provider, **changes)
    return reply if reply.status_code != 200 else await redeem(auth, reply.json()["code"], state_token)


async def link(auth: ServiceClient, provider: RealProvider, headers: dict[str, str], login: str) -> httpx.Response:
    """Somebody who is signed in links their account."""
    begun = (await auth.http.post(f"{SSO}/links", headers=headers)).json()
    back = await sign_in_at_provider(begun["authorization_url"], login, provider.password)
    code = (await come_back(auth, back)).json()["code"]
    body = {"code": code, "state_token": begun["state_token"]}
    return await auth.http.post(f"{SSO}/links/complete", json=body, headers=headers)
