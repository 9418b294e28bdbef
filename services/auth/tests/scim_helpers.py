"""Driving SCIM: a tenant's directory, and what it is told."""

from typing import Any

import httpx
import psycopg

from accunode_common.ids import new_id
from accunode_common.testing.app import ServiceClient
from accunode_common.testing.people import TenantWorld

SCIM = "/api/v1/scim/v2"
TOKENS = "/api/v1/auth/scim-tokens"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class DirectoryClient:
    """A tenant's directory."""

    def __init__(self, auth: ServiceClient, secret: str, domain: str) -> None:
        self.auth, self.secret, self.domain = auth, secret, domain

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret}", **options.pop("headers", {})}
        if "json" in options:
            headers["Content-Type"] = "application/scim+json"
        return await self.auth.http.request(method, f"{SCIM}{path}", headers=headers, **options)

    def address(self) -> str:
        return f"p{new_id().hex}@{self.domain}"

    async def add(self, email: str, **more: Any) -> httpx.Response:
        return await self.ask("POST", "/Users", json={"schemas": [USER], "userName": email, **more})

    async def patch(self, user_id: str, *operations: dict[str, Any], **options: Any) -> httpx.Response:
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return await self.ask("PATCH", f"/Users/{user_id}", json=body, **options)

    async def find(self, text: str) -> list[dict[str, Any]]:
        reply = await self.ask("GET", "/Users", params={"filter": text})
        assert reply.status_code == 200, reply.text
        assert reply.json()["totalResults"] == len(reply.json().get("Resources", []))
        return list(reply.json().get("Resources", []))


async def connect_directory(
    auth: ServiceClient, superuser: psycopg.Connection, tenant: TenantWorld, **changes: Any
) -> DirectoryClient:
    """A token of the tenant, which has a domain that the platform confirmed."""
    domain = f"d{new_id().hex}.example"
    superuser.execute(
        "INSERT INTO identity.sso_domains (tenant_id, domain, proof, confirmed_at) VALUES (%s, %s, 'x', now())",
        [tenant.id, domain],
    )
    body = {"name": "Directory", "organization_id": str(tenant.organization_id), **changes}
    reply = await auth.as_(tenant.tenant_admin).post(TOKENS, json=body)
    assert reply.status_code == 201, reply.text
    return DirectoryClient(auth, reply.json()["secret"], domain)


def assert_error(reply: httpx.Response, status: int, kind: str | None = None) -> None:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"].startswith("application/scim+json")
    assert reply.json()["schemas"] == [ERROR]
    assert reply.json()["status"] == str(status)
    assert reply.json().get("scimType") == kind, reply.text
    assert reply.json()["detail"]
