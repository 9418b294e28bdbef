"""Where a role may be given, by whom."""

from uuid import UUID

import pytest

from accunode_common.auth.roles import GRANTS, Role, Seat
from accunode_common.auth.subject import Subject
from accunode_common.errors import ForbiddenError, NotFoundError, UnprocessableInputError
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_identity.role_scopes import RoleScope, scope_for

TENANT, ELSEWHERE, CREDIT, TREASURY = (new_id() for _ in range(4))


def caller(role: Role) -> Subject:
    at = {
        Seat.PLATFORM: (PLATFORM_TENANT_ID, None),
        Seat.TENANT: (TENANT, None),
        Seat.ORGANIZATION: (TENANT, CREDIT),
    }
    tenant_id, organization_id = at[GRANTS[role].seat]
    return Subject(
        user_id=new_id(), tenant_id=tenant_id, organization_id=organization_id, role=role, session_id=new_id()
    )


@pytest.mark.parametrize(
    ("giver", "role", "tenant_id", "organization_id", "expected"),
    [
        (Role.ORG_ADMIN, Role.ORG_MEMBER, None, None, RoleScope(TENANT, CREDIT)),
        (Role.ORG_ADMIN, Role.ORG_ADMIN, TENANT, CREDIT, RoleScope(TENANT, CREDIT)),
        (Role.TENANT_ADMIN, Role.ORG_MEMBER, None, TREASURY, RoleScope(TENANT, TREASURY)),
        (Role.TENANT_ADMIN, Role.TENANT_ADMIN, None, None, RoleScope(TENANT, None)),
        (Role.SUPER_ADMIN, Role.ORG_MEMBER, ELSEWHERE, TREASURY, RoleScope(ELSEWHERE, TREASURY)),
        (Role.SUPER_ADMIN, Role.TENANT_ADMIN, ELSEWHERE, None, RoleScope(ELSEWHERE, None)),
        (Role.SUPER_ADMIN, Role.SUPER_ADMIN, None, None, RoleScope(PLATFORM_TENANT_ID, None)),
    ],
)
def test_a_role_is_given_where_the_giver_administers(
    giver: Role, role: Role, tenant_id: UUID | None, organization_id: UUID | None, expected: RoleScope
) -> None:
    assert scope_for(caller(giver), role, tenant_id=tenant_id, organization_id=organization_id) == expected


@pytest.mark.parametrize(
    ("giver", "role", "tenant_id", "organization_id", "refusal"),
    [
        (Role.ORG_MEMBER, Role.ORG_ADMIN, None, None, ForbiddenError),
        (Role.ORG_ADMIN, Role.TENANT_ADMIN, None, None, ForbiddenError),
        (Role.TENANT_ADMIN, Role.SUPER_ADMIN, None, None, ForbiddenError),
        (Role.ORG_ADMIN, Role.ORG_MEMBER, ELSEWHERE, TREASURY, NotFoundError),
        (Role.TENANT_ADMIN, Role.TENANT_ADMIN, ELSEWHERE, None, NotFoundError),
        (Role.TENANT_ADMIN, Role.TENANT_ADMIN, None, CREDIT, UnprocessableInputError),
        (Role.TENANT_ADMIN, Role.ORG_MEMBER, None, None, UnprocessableInputError),
        (Role.SUPER_ADMIN, Role.SUPER_ADMIN, TENANT, None, UnprocessableInputError),
        (Role.SUPER_ADMIN, Role.TENANT_ADMIN, None, None, UnprocessableInputError),
    ],
)
def test_a_role_is_given_nowhere_else(
    giver: Role, role: Role, tenant_id: UUID | None, organization_id: UUID | None, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        scope_for(caller(giver), role, tenant_id=tenant_id, organization_id=organization_id)


def test_an_organizations_admin_gives_no_role_in_another_organization_that_they_only_belong_to() -> None:
    with pytest.raises(NotFoundError):
        scope_for(caller(Role.ORG_ADMIN), Role.ORG_MEMBER, tenant_id=None, organization_id=TREASURY)
