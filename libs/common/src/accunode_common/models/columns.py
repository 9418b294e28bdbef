"""Column helpers that several schemas use."""

from enum import StrEnum

from sqlalchemy import CheckConstraint


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
