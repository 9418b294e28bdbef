"""Who owns a record of an access level, and who may make one."""

from types import SimpleNamespace
from uuid import UUID

import pytest

from accunode_common.auth.roles import Role
from accunode_common.auth.subject import Subject
from accunode_common.errors import ForbiddenError
from accunode_common.ids import PLATFORM_TENANT_ID, new_id
from accunode_common.models.columns import AccessLevel
from accunode_credit.models.bulk import Job
from accunode_credit.scope import ownership, scope_id, scope_of

TENANT, ORGANIZATION, PERSON = new_id(), new_id(), new_id()


def caller(role: Role = Role.ORG_MEMBER, *, organization: UUID | None = ORGANIZATION) -> Subject:
    """Somebody who calls."""
    tenant = PLATFORM_TENANT_ID if role is Role.SUPER_ADMIN else TENANT
    return Subject(user_id=PERSON, tenant_id=tenant, organization_id=organization, role=role, session_id=new_id())


MEMBER, LONER = caller(), caller(organization=None)
PLATFORM = caller(Role.SUPER_ADMIN, organization=None)


@pytest.mark.parametrize(
    ("subject", "level", "scope"),
    [
        (MEMBER, AccessLevel.PERSONAL, PERSON),
        (MEMBER, AccessLevel.ORGANIZATION, ORGANIZATION),
        (LONER, AccessLevel.PERSONAL, PERSON),
        (PLATFORM, AccessLevel.SYSTEM, PLATFORM_TENANT_ID),
    ],
)
def test_a_new_record_is_in_the_scope_of_its_owner(subject: Subject, level: AccessLevel, scope: UUID) -> None:
    assert scope_of(subject, level) == scope
    owned = ownership(subject, level)
    assert scope_id(SimpleNamespace(**owned)) == scope
    assert scope_id(Job(**owned)) == scope
    assert (owned["organization_id"] is None) == (level is not AccessLevel.ORGANIZATION)


@pytest.mark.parametrize(
    ("subject", "level"),
    [(LONER, AccessLevel.ORGANIZATION), (MEMBER, AccessLevel.SYSTEM), (LONER, AccessLevel.SYSTEM)],
)
def test_nobody_makes_records_of_a_level_that_is_not_theirs(subject: Subject, level: AccessLevel) -> None:
    with pytest.raises(ForbiddenError):
        scope_of(subject, level)


def test_an_organizations_record_names_it() -> None:
    with pytest.raises(ValueError, match="organization names no owner"):
        scope_id(Job(access_level=AccessLevel.ORGANIZATION, organization_id=None))
