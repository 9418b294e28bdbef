"""`tenancy.tenants`: which there are, and by what they grade."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from accunode_common.models.tenancy import Tenant, TenantStatus
from accunode_credit.grading import stored_grading


def ids(session: Session, *, active: bool = False) -> Sequence[UUID]:
    """All tenants, or the active ones."""
    statement = select(Tenant.id).order_by(Tenant.id)
    return session.scalars(statement.where(Tenant.status == TenantStatus.ACTIVE) if active else statement).all()


def grading(session: Session, tenant_id: UUID) -> Row[Any, Any] | None:
    """What the tenant is graded by, for `grading_of`."""
    return session.execute(stored_grading(tenant_id)).one_or_none()
