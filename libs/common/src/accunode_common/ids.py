"""Identifiers: UUID version 7, whose order is the order of creation."""

from uuid import UUID

import uuid_utils

PLATFORM_TENANT_ID = UUID("00000000-0000-7000-8000-000000000001")
"""The reserved tenant of users who have joined nobody yet and of the records everyone may share."""


def new_id() -> UUID:
    """A new identifier; later ones sort after earlier ones."""
    return UUID(int=uuid_utils.uuid7().int)


def made_at(identifier: UUID) -> float | None:
    """When an identifier was made, in seconds since 1970; None if it is none of ours."""
    return (identifier.int >> 80) / 1000 if identifier.version == 7 else None
