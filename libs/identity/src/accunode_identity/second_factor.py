"""Who must have a second factor where, and from when: a tenant's rule by role, with a time of grace.

The grace of a person begins when the rule took in their role, or when they got the role, whichever was later. The
tenants service writes down the first beside the settings, where no client can move it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from accunode_common.auth.roles import Role

SINCE = "second_factor_since"
"""The stored setting that says, by role, since when the rule has taken it in."""

TenantRole = Literal[Role.TENANT_ADMIN, Role.ORG_ADMIN, Role.ORG_MEMBER]
RequiredRoles = Annotated[
    tuple[TenantRole, ...],
    Field(
        max_length=3,
        description="The roles whose people must have a second factor to work in the tenant.",
        examples=[["tenant_admin", "org_admin"]],
    ),
]
GraceDays = Annotated[
    int,
    Field(
        ge=0,
        le=90,
        description="Days that a person has to enrol one, from when the rule took in their role or they got it.",
        examples=[14],
    ),
]


class SecondFactorRule(BaseModel):
    """Who must have a second factor."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)

    required_roles: RequiredRoles = ()
    grace_days: GraceDays = 14


def stamped(stored: Mapping[str, Any], chosen: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The settings to store: `chosen` over `stored`, with the moment at which the rule takes in a role anew."""
    merged = {**stored, **chosen}
    before = stored.get(SINCE, {})
    required = SecondFactorRule.model_validate(merged.get("second_factor", {})).required_roles
    return merged | {SINCE: {role.value: before.get(role.value, now.isoformat()) for role in required}}


def due_at(stored: Mapping[str, Any], role: Role, role_since: datetime) -> datetime | None:
    """From when a person of that role must have a second factor in the tenant; None if it does not ask for one."""
    rule = SecondFactorRule.model_validate(stored.get("second_factor", {}))
    if role not in rule.required_roles:
        return None
    ruled = stored.get(SINCE, {}).get(role.value)
    since = datetime.fromisoformat(ruled) if ruled else datetime.min.replace(tzinfo=UTC)
    return max(since, role_since) + timedelta(days=rule.grace_days)
