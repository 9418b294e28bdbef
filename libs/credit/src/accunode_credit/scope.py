"""The scope of an access level: who owns a record at it, and who may make one of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.errors import ForbiddenError
from accunode_common.models.columns import AccessLevel

OWNER_COLUMNS: Mapping[AccessLevel, str] = {
    AccessLevel.PERSONAL: "created_by",
    AccessLevel.ORGANIZATION: "organization_id",
    AccessLevel.SYSTEM: "tenant_id",
}
"""Whose id is a record's scope, by its level; names are unique in a scope."""

SCOPE_EXPRESSION = (
    f"case access_level when 'personal' then {OWNER_COLUMNS[AccessLevel.PERSONAL]}"
    f" when 'organization' then {OWNER_COLUMNS[AccessLevel.ORGANIZATION]}"
    f" else {OWNER_COLUMNS[AccessLevel.SYSTEM]} end"
)
"""The same for the generated columns of records."""


def scope_id(record: Any) -> UUID:
    """The scope that a record is in, or that the records of a job join: any row with an access level and its owners.

    Raises:
        ValueError: It is an organization's and names none.
    """
    owner: UUID | None = getattr(record, OWNER_COLUMNS[AccessLevel(record.access_level)])
    if owner is None:
        raise ValueError(f"A record of the level {record.access_level} names no owner.")
    return owner


def ownership(subject: Subject, level: AccessLevel) -> dict[str, Any]:
    """The columns that say whose a new record of the caller's is."""
    return {
        "tenant_id": subject.tenant_id,
        "access_level": level,
        "organization_id": subject.organization_id if level is AccessLevel.ORGANIZATION else None,
        "created_by": subject.user_id,
    }


def check_level(subject: Subject, level: AccessLevel) -> None:
    """Refuse whoever may not make records of a level.

    Raises:
        ForbiddenError: The caller may not.
    """
    if level is AccessLevel.ORGANIZATION and subject.organization_id is None:
        raise ForbiddenError("Only members of an organization create its records.")
    if level is AccessLevel.SYSTEM and not subject.may(Permission.SYSTEM_RECORD_WRITE):
        raise ForbiddenError("Only the platform's administrators create system records.")


def scope_of(subject: Subject, level: AccessLevel) -> UUID:
    """The scope that a new record of the caller's joins at a level.

    Raises:
        ForbiddenError: The caller may not make records of that level.
    """
    check_level(subject, level)
    owner: UUID = ownership(subject, level)[OWNER_COLUMNS[level]]
    return owner
