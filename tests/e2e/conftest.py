"""The whole product, started once for these tests as `make up` starts it, on ports and in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from accunode_devstack.ports import free_port
from tests.e2e.api import Analyst

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunningProduct:
    """A started stack: its address, and the demo's sign-ins."""

    base_url: str
    users: tuple[dict[str, Any], ...]

    def user(self, role: str, *, tenant: int) -> dict[str, Any]:
        """The demo user of a role in the first or second tenant."""
        tenants = sorted({user["tenant"] for user in self.users if user["role"] == "org_member"})
        return next(u for u in self.users if u["role"] == role and u["tenant"] == tenants[tenant])

    def sign_in(self, role: str, *, tenant: int) -> Analyst:
        """A signed-in demo user."""
        user = self.user(role, tenant=tenant)
        return Analyst(self.base_url, user["email"], user["password"])


@pytest.fixture(scope="session")
def product() -> Iterator[RunningProduct]:
    """Start the stack, and stop it in the end."""
    folder = Path(tempfile.mkdtemp(prefix="accunode-e2e-"))
    environment = os.environ | {"ACCUNODE_PORT": str(free_port()), "ACCUNODE_STATE": str(folder)}
    command = [sys.executable, "-m", "accunode_devstack"]
    try:
        started = subprocess.run(
            [*command, "up"], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )
        assert started.returncode == 0, started.stdout + started.stderr
        demo = json.loads((folder / "demo.json").read_text())
        yield RunningProduct(demo["base_url"], tuple(demo["users"]))
    finally:
        subprocess.run([*command, "down"], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def analyst(product: RunningProduct) -> Analyst:
    """The demo analyst."""
    return product.sign_in("org_member", tenant=0)


@pytest.fixture(scope="session")
def foreign_analyst(product: RunningProduct) -> Analyst:
    """The analyst of another tenant."""
    return product.sign_in("org_member", tenant=1)


@pytest.fixture
def fresh_analyst(product: RunningProduct) -> Analyst:
    """An analyst of a new organization, who shares no companies with anybody."""
    admin = product.sign_in("tenant_admin", tenant=0)
    organization = admin.http.post("/organizations", json={"name": f"Desk {uuid4().hex[:8]}"})
    assert organization.status_code == 201, organization.text
    address = f"organizations/{organization.json()['id']}"
    token = admin.http.post(f"/{address}/join-token")
    assert token.status_code in (200, 201), token.text
    email, password = f"analyst-{uuid4().hex[:8]}@example.com", f"correct horse {uuid4().hex}"
    whitelisted = admin.http.post(f"/{address}/whitelist", json={"emails": [email]})
    assert whitelisted.status_code in (200, 201), whitelisted.text
    registered = httpx.post(
        f"{product.base_url}/api/v1/auth/register",
        json={"email": email, "password": password, "full_name": "Fresh Analyst"},
    )
    assert registered.status_code in (201, 202), registered.text
    newcomer = Analyst(product.base_url, email, password)
    joined = newcomer.http.post("/organizations/join", json={"token": token.json()["join_token"]})
    assert joined.status_code in (200, 201), joined.text
    return Analyst(product.base_url, email, password)
