"""The tenants service, running, and a look behind row-level security."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from accunode_common.db.access import DatabaseRole
from accunode_common.testing.app import ServiceClient, running
from accunode_common.testing.keys import TestIssuer
from accunode_common.testing.people import Caller, World
from accunode_common.testing.plugin import SettingsFactory
from accunode_tenants.app import create_app
from accunode_tenants.settings import TenantsSettings

AuditTrailOf = Callable[[UUID], list[dict[str, Any]]]


@pytest.fixture(scope="session")
async def tenants(make_settings: SettingsFactory, issuer: TestIssuer) -> AsyncIterator[ServiceClient]:
    settings = make_settings(
        TenantsSettings, DatabaseRole.TENANTS, password_memory_kib=64, password_passes=1, join_attempts=1000
    )
    async with running(create_app(settings, issuer.source)) as client:
        yield client


@pytest.fixture
def trail_of(superuser: psycopg.Connection) -> AuditTrailOf:
    """The audit events of a tenant, oldest first."""

    def read(tenant_id: UUID) -> list[dict[str, Any]]:
        with superuser.cursor(row_factory=dict_row) as cursor:
            query = "select * from audit.events where tenant_id = %s order by id"
            return cursor.execute(query, [tenant_id]).fetchall()

    return read


@pytest.fixture
def join_token(tenants: ServiceClient, world: World) -> Callable[..., Awaitable[str]]:
    """Makes a join token for the first tenant's organization, and whitelists people."""

    async def make(*people: Caller) -> str:
        admin = tenants.as_(world.one.org_admin)
        path = f"/api/v1/organizations/{world.one.organization_id}"
        if people:
            reply = await admin.post(f"{path}/whitelist", json={"emails": [person.email for person in people]})
            assert reply.status_code == 201, reply.text
        reply = await admin.post(f"{path}/join-token")
        assert reply.status_code == 201, reply.text
        token: str = reply.json()["join_token"]
        return token

    return make


@pytest.fixture
def still_signed_in(tenants: ServiceClient) -> Callable[[Caller], Awaitable[bool]]:
    """Tells whether a caller's access token is accepted."""

    async def ask(caller: Caller) -> bool:
        reply = await tenants.as_(caller).post("/api/v1/organizations/join", json={"token": "none"})
        return reply.status_code != 401

    return ask
