"""Whom a provider may sign in. It vouches for the people of its own tenant, and for nobody else's account."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accunode_common.auth.roles import GRANTS, Role, Seat, highest
from accunode_common.models.federation import SsoConnection
from accunode_common.models.identity import AuthenticationMethod

_MOST_VALUES = 2000


def places(connection: SsoConnection, claims: Mapping[str, Any]) -> dict[UUID | None, Role]:
    """The memberships that a provider's claims give: organizations and roles, or none at all.

    The highest role whose value is among the claims counts; a role of the whole tenant is in no organization.
    """
    roles = _values(claims, connection.role_claim)
    fitting = [Role(entry["role"]) for entry in connection.role_values if entry["value"] in roles]
    if not fitting and connection.default_role is not None:
        fitting = [Role(connection.default_role)]
    if not fitting:
        return {}
    role = highest(fitting)
    if GRANTS[role].seat is Seat.TENANT:
        return {None: role}
    named = _values(claims, connection.organization_claim)
    found = [UUID(entry["organization_id"]) for entry in connection.organization_values if entry["value"] in named]
    if not found and connection.default_organization_id is not None:
        found = [connection.default_organization_id]
    return dict.fromkeys(found, role)


def verified_address(connection: SsoConnection, claims: Mapping[str, Any]) -> str | None:
    """The address that the provider says is the person's; None if it does not say so."""
    address, verified = claims.get("email"), claims.get(connection.verified_claim)
    sure = verified is True or verified in ("true", "1") or (verified == 1 and not isinstance(verified, bool))
    return address if sure and isinstance(address, str) else None


def methods(claims: Mapping[str, Any]) -> list[AuthenticationMethod]:
    """How the person showed who they are: to the provider, and by a second factor if it says so (RFC 8176)."""
    shown = _values(claims, "amr")
    second = [AuthenticationMethod.MULTI_FACTOR] if "mfa" in shown else []
    return [AuthenticationMethod.SINGLE_SIGN_ON, *second]


def display_name(claims: Mapping[str, Any]) -> str:
    """The person's name, as far as the provider tells it."""
    parts = (claims.get("given_name"), claims.get("family_name"))
    name = claims.get("name") or " ".join(part for part in parts if isinstance(part, str))
    return "".join(c for c in name if c.isprintable()).strip()[:200] if isinstance(name, str) else ""


def _values(claims: Mapping[str, Any], name: str | None) -> frozenset[str]:
    """The texts of a claim: one, or a list of them. Dots in a name lead into objects, unless it is a claim."""
    if name is None:
        return frozenset()
    value: Any = claims.get(name)
    if value is None:
        value = claims
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return frozenset((value,))
    if isinstance(value, list):
        return frozenset(item for item in value[:_MOST_VALUES] if isinstance(item, str))
    return frozenset()
