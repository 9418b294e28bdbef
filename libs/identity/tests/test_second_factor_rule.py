"""When a person must have a second factor: by the tenant's rule, the role, and a time of grace."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from accunode_common.auth.roles import Role
from accunode_identity.second_factor import SecondFactorRule, due_at, stamped

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
moments = st.integers(0, 5000).map(lambda hours: NOON + timedelta(hours=hours))


def rule(*roles: Role, grace_days: int = 14) -> dict[str, Any]:
    return {"second_factor": SecondFactorRule(required_roles=roles, grace_days=grace_days).model_dump(mode="json")}


@given(ruled=moments, role_since=moments, grace_days=st.integers(0, 90))
def test_grace_begins_with_the_rule_or_with_the_role_whichever_is_later(
    ruled: datetime, role_since: datetime, grace_days: int
) -> None:
    stored = stamped({}, rule(Role.ORG_ADMIN, grace_days=grace_days), ruled)
    assert due_at(stored, Role.ORG_ADMIN, role_since) == max(ruled, role_since) + timedelta(days=grace_days)
    assert due_at(stored, Role.ORG_MEMBER, role_since) is None
    assert due_at({}, Role.ORG_ADMIN, role_since) is None


def test_a_rule_that_is_stored_again_does_not_begin_anew_and_one_that_grows_does_for_the_new_role() -> None:
    first = stamped({}, rule(Role.TENANT_ADMIN), NOON)
    later = stamped(first, rule(Role.TENANT_ADMIN, Role.ORG_MEMBER), NOON + timedelta(days=30))
    assert due_at(later, Role.TENANT_ADMIN, NOON) == NOON + timedelta(days=14)
    assert due_at(later, Role.ORG_MEMBER, NOON) == NOON + timedelta(days=44)
    other = stamped(later, {"default_seats": 7}, NOON + timedelta(days=60))
    assert due_at(other, Role.TENANT_ADMIN, NOON) == NOON + timedelta(days=14)
    without = stamped(other, rule(), NOON + timedelta(days=61))
    again = stamped(without, rule(Role.TENANT_ADMIN), NOON + timedelta(days=62))
    assert due_at(again, Role.TENANT_ADMIN, NOON) == NOON + timedelta(days=76)


@pytest.mark.parametrize("role", [Role.SUPER_ADMIN, Role.USER, "auditor"])
def test_a_tenant_rules_over_the_roles_that_it_gives(role: str) -> None:
    with pytest.raises(ValidationError):
        SecondFactorRule.model_validate({"required_roles": [role]})
