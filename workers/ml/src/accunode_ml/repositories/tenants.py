"""`tenancy.tenants`: which there are, and on which scale they grade."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from accunode_common.models.tenancy import Tenant, TenantStatus
from accunode_credit.master_scale import stored_scale


def ids(session: Session, *, active: bool = False) -> Sequence[UUID]:
    """All tenants, or the active ones."""
    statement = select(Tenant.id).order_by(Tenant.id)
    return session.scalars(statement.where(Tenant.status == TenantStatus.ACTIVE) if active else statement).all()


def master_scale(session: Session, tenant_id: UUID) -> Sequence[Mapping[str, Any]] | None:
    """The tenant's own grades; None where the default serves."""
    grades: Sequence[Mapping[str, Any]] | None = session.scalar(stored_scale(tenant_id))
    return grades
