"""The path table: which service answers which path.

The local gateway, nginx, the load balancer's rules and the tests all read it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """A deployable API service.

    Attributes:
        name: The name used for its folder, image and database role.
        package: Its import name.
        port: The port it listens on when it runs alone.
        prefixes: The path prefixes it answers, each matching itself and everything below it.
    """

    name: str
    package: str
    port: int
    prefixes: tuple[str, ...]

    @property
    def factory(self) -> str:
        """The import string of the function that makes the ASGI application from the environment."""
        return f"{self.package}.main:create"


API_PREFIX = "/api/v1"

SERVICES: tuple[Service, ...] = (
    Service(
        name="auth",
        package="accunode_auth",
        port=8001,
        prefixes=(
            f"{API_PREFIX}/auth",
            f"{API_PREFIX}/users",
            f"{API_PREFIX}/invitations",
            f"{API_PREFIX}/scim/v2",
            "/.well-known/jwks.json",
        ),
    ),
    Service(
        name="tenants",
        package="accunode_tenants",
        port=8002,
        prefixes=(f"{API_PREFIX}/tenants", f"{API_PREFIX}/organizations", f"{API_PREFIX}/audit-events"),
    ),
    Service(
        name="predictions",
        package="accunode_predictions",
        port=8003,
        prefixes=(
            f"{API_PREFIX}/companies",
            f"{API_PREFIX}/predictions",
            f"{API_PREFIX}/portfolio",
            f"{API_PREFIX}/models",
        ),
    ),
    Service(
        name="bulk-upload",
        package="accunode_bulk_upload",
        port=8004,
        prefixes=(f"{API_PREFIX}/bulk-uploads", f"{API_PREFIX}/jobs", f"{API_PREFIX}/scaling"),
    ),
)
