"""Column helpers that several schemas use."""

from enum import StrEnum

from sqlalchemy import CheckConstraint

from accunode_common.db.access import PLATFORM_TENANT


class AccessLevel(StrEnum):
    """Who sees a record: its creator, its organization, or everyone the platform shares with."""

    PERSONAL = "personal"
    ORGANIZATION = "organization"
    SYSTEM = "system"


def one_of(column: str, values: type[StrEnum], *, name: str | None = None) -> CheckConstraint:
    """A check that `column` holds one of an enumeration's values."""
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} in ({listed})", name=name or column)


def organization_matches_access_level() -> CheckConstraint:
    """A record has an organization just when the organization owns it."""
    return CheckConstraint("(access_level = 'organization') = (organization_id is not null)", name="organization_owned")


def system_belongs_to_the_platform() -> CheckConstraint:
    """Only the platform tenant owns system records."""
    return CheckConstraint(f"access_level <> 'system' or tenant_id = {PLATFORM_TENANT}", name="system_owned")
