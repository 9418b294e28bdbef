"""The whole product, started once for these tests as `make up` starts it, on ports and in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.e2e.api import Analyst
from tests.e2e.log_scan import known_to, scan

from accunode_devstack.ports import free_port
from accunode_devstack.state import State

MAIL_SECONDS = 15
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunningProduct:
    """A started stack: its address, and the demo's sign-ins."""

    base_url: str
    folder: Path
    users: tuple[dict[str, Any], ...]
    clients: ExitStack

    def user(self, role: str, *, tenant: int) -> dict[str, Any]:
        """The demo user of a role in the first or second tenant."""
        tenants = sorted({user["tenant"] for user in self.users if user["role"] == "org_member"})
        return next(u for u in self.users if u["role"] == role and u["tenant"] == tenants[tenant])

    def sign_in(self, role: str, *, tenant: int) -> Analyst:
        """A signed-in demo user."""
        user = self.user(role, tenant=tenant)
        return self.caller(user["email"], user["password"])

    def caller(self, email: str, password: str) -> Analyst:
        """A signed-in person."""
        return self.clients.enter_context(Analyst(self.base_url, email, password))


@pytest.fixture(scope="package")
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
        with ExitStack() as clients:
            yield RunningProduct(demo["base_url"], folder, tuple(demo["users"]), clients)
        # Whatever the tests did, and however the processes took it.
        state = State(folder)
        assert scan(state.log, known_to(state)) == []
    finally:
        subprocess.run([*command, "down"], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def analyst(product: RunningProduct) -> Analyst:
    """The demo analyst."""
    return product.sign_in("org_member", tenant=0)


@pytest.fixture(scope="package")
def foreign_analyst(product: RunningProduct) -> Analyst:
    """The analyst of another tenant."""
    return product.sign_in("org_member", tenant=1)


def _mailed_token(mail: Path, email: str) -> str:
    """The token of the verification mail that was sent to an address, soon after the reply."""
    deadline = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < deadline:
        for file in mail.glob("*.eml"):
            message = message_from_bytes(file.read_bytes(), policy=policy.default)
            if message["To"] == email:
                return next(line for line in message.get_content().splitlines() if line.startswith("ev_"))
        time.sleep(0.1)
    raise AssertionError(f"no mail to {email} in {mail}")


@pytest.fixture
def fresh_analyst(product: RunningProduct) -> Analyst:
    """A newcomer who registered, confirmed the mailed token, and joined a new organization with its token."""
    admin = product.sign_in("tenant_admin", tenant=0)
    organization = admin.post("/organizations", {"name": f"Desk {uuid4().hex[:8]}"}, status=201)
    address = f"/organizations/{organization['id']}"
    join_token = admin.post(f"{address}/join-token", {}, status=201)["join_token"]
    email, password = f"analyst-{uuid4().hex[:8]}@harbour-bank.example", f"correct horse {uuid4().hex}"
    admin.post(f"{address}/whitelist", {"emails": [email]}, status=201)

    with httpx.Client(base_url=f"{product.base_url}/api/v1") as nobody:
        account = {"email": email, "password": password, "full_name": "Fresh Analyst"}
        assert nobody.post("/auth/register", json=account).status_code == 202
        token = _mailed_token(product.folder / "mail", email)
        assert nobody.post("/auth/verify-email", json={"token": token, "password": password}).status_code == 204

    newcomer = product.caller(email, password)
    membership = newcomer.post("/organizations/join", {"token": join_token}, status=201)["membership_id"]
    newcomer.use(newcomer.post("/auth/switch", {"membership_id": membership}, status=200))
    return newcomer
