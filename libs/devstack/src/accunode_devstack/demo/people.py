"""Who works with the demo: two tenants with an organization each, and a user of every role."""

from dataclasses import dataclass, field
from typing import Any

PLATFORM = "Platform"


@dataclass(frozen=True)
class DemoTenant:
    """A tenant, its organization, and the domain of its people's addresses (RFC 2606: reserved, so nobody's)."""

    name: str
    slug: str
    organization: str
    domain: str
    sees_system_records: bool


@dataclass(frozen=True)
class DemoUser:
    email: str
    full_name: str
    role: str
    tenant: str
    organization: str | None
    password: str = field(repr=False)

    def entry(self) -> dict[str, Any]:
        """What `demo.json` holds of this user."""
        return {
            "email": self.email,
            "password": self.password,
            "role": self.role,
            "tenant": self.tenant,
            "organization": self.organization,
        }


TENANTS = (
    DemoTenant("Harbour Bank (demo)", "harbour-bank-demo", "Corporate Lending", "harbour-bank.example", True),
    DemoTenant("Summit Credit (demo)", "summit-credit-demo", "Credit Research", "summit-credit.example", False),
)
SUPER_ADMIN_EMAIL = "super.admin@accunode.example"

NAMES = {
    "tenant_admin": ("tenant.admin", "Tamsin Reed"),
    "org_admin": ("org.admin", "Owen Marsh"),
    "org_member": ("analyst", "Ana Lindqvist"),
    "user": ("newcomer", "Noor Vale"),
}


def super_admin(password: str) -> DemoUser:
    return DemoUser(SUPER_ADMIN_EMAIL, "Sasha Platt", "super_admin", PLATFORM, None, password)


def people_of(tenant: DemoTenant, password: str) -> dict[str, DemoUser]:
    """The tenant's people by role. A `user` has joined no organization, whichever tenant means to invite them."""
    return {
        role: DemoUser(
            f"{local}@{tenant.domain}",
            full_name,
            role,
            tenant.name,
            tenant.organization if role in {"org_admin", "org_member"} else None,
            password,
        )
        for role, (local, full_name) in NAMES.items()
    }


def demo_users(password: str) -> list[DemoUser]:
    """Everyone in the demo: the super admin, and the people of each tenant."""
    return [super_admin(password), *(user for tenant in TENANTS for user in people_of(tenant, password).values())]


def analyst(users: list[DemoUser]) -> DemoUser:
    """The user whose sign-in `make up` prints: the first tenant's member."""
    return next(user for user in users if user.role == "org_member")
