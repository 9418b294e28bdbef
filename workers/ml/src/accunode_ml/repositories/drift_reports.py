"""`registry.drift_reports`: how far a tenant's population is from the one that a model version was trained on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from accunode_credit.models.registry import DriftReport
from accunode_scoring import Scorer


def wait_for_the_tenant(session: Session, tenant_id: UUID) -> None:
    """Keep others from adding a report of the tenant's population until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(literal(f"drift:{tenant_id}"), 0))))


def is_recent(session: Session, tenant_id: UUID, kind: str, version: str, *, within: timedelta) -> bool:
    """Whether the tenant has a report on the version that is no older."""
    found = exists().where(
        DriftReport.tenant_id == tenant_id,
        DriftReport.kind == kind,
        DriftReport.version == version,
        DriftReport.created_at > func.now() - within,
    )
    return bool(session.execute(select(found)).scalar_one())


def add(session: Session, tenant_id: UUID, report_id: UUID, scorer: Scorer, report: Mapping[str, Any]) -> None:
    """Add a report on the version, unless it is there already."""
    values = {"tenant_id": tenant_id, "id": report_id, "kind": scorer.kind, "version": scorer.version}
    session.execute(insert(DriftReport).values(**values, report=dict(report)).on_conflict_do_nothing())
