"""People of a tenant's own mail domain, and a tenant that lets its provider make accounts for them."""

from typing import Any
from uuid import UUID, uuid4

import psycopg

from accunode_common.testing.people import TenantWorld

DOMAIN = f"{uuid4().hex}.example"
ROLES = [
    {"value": "staff", "role": "org_member"},
    {"value": "heads", "role": "org_admin"},
    {"value": "chiefs", "role": "tenant_admin"},
]


def says(group: str | None, *departments: str, address: str = f"ada@{DOMAIN}", **others: Any) -> dict[str, Any]:
    """Claims of somebody whom the provider knows well."""
    name = {"given_name": "Ada", "family_name": "Lovelace"}
    return {
        "email": address, "email_verified": True, "groups": [group], "departments": list(departments), **name, **others
    }  # fmt: skip


def mapping(tenant: TenantWorld, **changes: Any) -> dict[str, Any]:
    organizations = {"credit": tenant.organization_id, "treasury": tenant.outsider.subject.organization_id}
    values = [{"value": name, "organization_id": str(one)} for name, one in organizations.items()]
    return {
        "just_in_time": True, "role_claim": "groups", "role_values": ROLES, "default_role": None,
        "organization_claim": "departments", "organization_values": values, **changes,
    }  # fmt: skip


def own_domain(superuser: psycopg.Connection, tenant_id: UUID, domain: str = DOMAIN) -> None:
    """Let a mail domain be the tenant's alone, and nobody have an address there."""
    superuser.execute("DELETE FROM identity.sso_domains WHERE domain = %s", [domain])
    superuser.execute(
        "INSERT INTO identity.sso_domains (tenant_id, domain, proof, confirmed_at) VALUES (%s, %s, 'shown', now())",
        [tenant_id, domain],
    )
    superuser.execute(
        "UPDATE identity.users SET email = id || '@gone.example', email_key = id || '@gone.example'"
        " WHERE email_key LIKE %s",
        [f"%@{domain}"],
    )
