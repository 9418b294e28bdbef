"""`monitoring.drift` for a job, and `monitoring.tenant` for the daily round: make drift reports and store them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from accunode_common.ids import new_id
from accunode_common.log import get_logger
from accunode_common.tasks.messages import MonitorDrift, MonitorTenant
from accunode_credit.models.registry import DriftReport
from accunode_ml.jobs import tenant_context
from accunode_ml.leased.job import LeasedJob
from accunode_ml.monitoring.population import defaults_of, next_block, reading_context
from accunode_ml.monitoring.report import PopulationReport
from accunode_ml.portfolio.models import model_of
from accunode_ml.runtime import Runtime
from accunode_ml.serving import champion_version, master_scale
from accunode_scoring import DEFAULT_SCALE, Kind, MasterScale, Scorer, UnknownModelError

RECENT_HOURS = 20
"""A daily report that is younger is not made again."""

_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
_RECENT = text("""
    select exists (
        select 1 from registry.drift_reports where tenant_id = :tenant_id and kind = :kind and version = :version
          and created_at > now() - make_interval(hours => :hours)
    )
""")

Steps = Callable[[], AbstractContextManager[Session]]

logger = get_logger(__name__)


def monitor_drift(runtime: Runtime, message: MonitorDrift) -> None:
    """Do a drift job: the report covers all of the tenant's shared records, whoever asked."""
    LeasedJob(runtime, message, _drift).run()


def _drift(leased: LeasedJob) -> None:
    model, tenant_id = model_of(leased), leased.job.tenant_id
    report = PopulationReport(model.scorer, model.scale)

    def on_the_way(session: Session) -> None:
        leased.update_job(session, lambda job: setattr(job, "rows_accepted", report.rows))

    said = _gather(
        report,
        lambda: leased.step(reading_context(tenant_id)),
        tenant_id,
        model.scorer,
        leased.runtime.settings.chunk_rows,
        on_the_way,
    )
    with leased.step(reading_context(tenant_id)) as session:
        # A second run of the job finds its own report.
        _store(session, tenant_id, leased.job.id, model.scorer, said)
        leased.complete(session, {"report_id": str(leased.job.id), **said})


def monitor_tenant(runtime: Runtime, message: MonitorTenant) -> None:
    """Make the day's reports of a tenant: one for each serving model, unless there is one or nothing to report."""
    for kind in Kind:
        with runtime.database.transaction(tenant_context(message.tenant_id)) as session:
            version = champion_version(session, kind)
            scale = master_scale(session, message.tenant_id) or DEFAULT_SCALE
            if version is None or _is_recent(session, message.tenant_id, kind, version):
                continue
        try:
            scorer = runtime.models.scorer(kind, version)
        except UnknownModelError:
            logger.error("model files missing", kind=kind, version=version)
            continue
        _daily_report(runtime, message.tenant_id, scorer, scale)


def _daily_report(runtime: Runtime, tenant_id: UUID, scorer: Scorer, scale: MasterScale) -> None:
    report = PopulationReport(scorer, scale)
    context = reading_context(tenant_id)
    size = runtime.settings.chunk_rows
    said = _gather(report, lambda: runtime.database.transaction(context), tenant_id, scorer, size)
    if not report.rows:
        return
    with runtime.database.transaction(context) as session:
        session.execute(_ONE_AT_A_TIME, {"key": f"drift:{tenant_id}"})
        if not _is_recent(session, tenant_id, scorer.kind, scorer.version):
            _store(session, tenant_id, new_id(), scorer, said)


def _gather(
    report: PopulationReport,
    steps: Steps,
    tenant_id: UUID,
    scorer: Scorer,
    size: int,
    on_the_way: Callable[[Session], None] = lambda _: None,
) -> dict[str, Any]:
    after: UUID | None = None
    while True:
        with steps() as session:
            block = next_block(session, tenant_id, scorer, after, size)
            if block is None:
                return report.result(defaults_of(session, tenant_id), datetime.now(UTC).date())
            report.add(block)
            after = block.last
            on_the_way(session)


def _is_recent(session: Session, tenant_id: UUID, kind: Kind, version: str) -> bool:
    values = {"tenant_id": tenant_id, "kind": kind.value, "version": version, "hours": RECENT_HOURS}
    return bool(session.execute(_RECENT, values).scalar_one())


def _store(session: Session, tenant_id: UUID, report_id: UUID, scorer: Scorer, said: dict[str, Any]) -> None:
    values = {"tenant_id": tenant_id, "id": report_id, "kind": scorer.kind.value, "version": scorer.version}
    session.execute(insert(DriftReport).values(**values, report=said).on_conflict_do_nothing())
