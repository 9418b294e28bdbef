"""Whose rows a caller's queries begin with; row-level security draws the same edge once more."""

from uuid import UUID

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Reach


def reaches_every_tenant(subject: Subject) -> bool:
    """Whether the caller looks after all tenants."""
    return subject.read_reach is Reach.PLATFORM


def in_reach(subject: Subject, tenant_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """The rows of the caller's tenant, or of every tenant for the platform."""
    return true() if reaches_every_tenant(subject) else tenant_id == subject.tenant_id
