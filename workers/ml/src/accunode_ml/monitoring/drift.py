"""`monitoring.drift` for a job, and `monitoring.tenant` for the daily round: make drift reports and store them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from accunode_common.ids import new_id
from accunode_common.log import get_logger
from accunode_common.tasks.messages import MonitorDrift, MonitorTenant
from accunode_credit.champion import ModelRefusedError
from accunode_credit.models.registry import ModelStatus
from accunode_ml.jobs import tenant_context
from accunode_ml.leased.job import LeasedJob
from accunode_ml.leased.model import model_of
from accunode_ml.monitoring.population import next_block, reading_context
from accunode_ml.monitoring.report import PopulationReport
from accunode_ml.repositories import drift_reports, given_scores, model_versions, outcomes
from accunode_ml.repositories.given_scores import GivenScores
from accunode_ml.runtime import Runtime
from accunode_ml.serving import grading
from accunode_scoring import Kind, MasterScale, Scorer

RECENT = timedelta(hours=20)
"""A daily report that is younger is not made again."""

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

    result = _gather(
        report,
        lambda: leased.step(reading_context(tenant_id)),
        tenant_id,
        model.scorer,
        leased.runtime.settings.chunks.rows,
        on_the_way,
    )
    with leased.step(reading_context(tenant_id)) as session:
        # A second run of the job finds its own report.
        drift_reports.add(session, tenant_id, leased.job.id, model.scorer, result)
        leased.complete(session, {"report_id": str(leased.job.id), **result})


def monitor_tenant(runtime: Runtime, message: MonitorTenant) -> None:
    """Make the day's reports of a tenant: one for each serving model, unless there is one or nothing to report."""
    for kind in Kind:
        with runtime.database.transaction(tenant_context(message.tenant_id)) as session:
            champion = model_versions.find_all(session).in_role(kind, ModelStatus.CHAMPION)
            graded = grading(session, message.tenant_id)
            if champion is None:
                continue
            if drift_reports.is_recent(session, message.tenant_id, kind, champion.version, within=RECENT):
                continue
        try:
            scorer = graded.at_level(champion.scorer(runtime.models))
        except ModelRefusedError as refusal:
            logger.error("no model to report on", kind=kind, reason=str(refusal))
            continue
        _daily_report(runtime, message.tenant_id, scorer, graded.scale)


def _daily_report(runtime: Runtime, tenant_id: UUID, scorer: Scorer, scale: MasterScale) -> None:
    report = PopulationReport(scorer, scale)
    context = reading_context(tenant_id)
    size = runtime.settings.chunks.rows
    result = _gather(report, lambda: runtime.database.transaction(context), tenant_id, scorer, size)
    if not report.rows:
        return
    with runtime.database.transaction(context) as session:
        drift_reports.wait_for_the_tenant(session, tenant_id)
        if not drift_reports.is_recent(session, tenant_id, scorer.kind, scorer.version, within=RECENT):
            drift_reports.add(session, tenant_id, new_id(), scorer, result)


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
                break
            report.add(block)
            after = block.last
            on_the_way(session)
    today = datetime.now(UTC).date()
    given, defaults = _given(steps, tenant_id, scorer.kind, today.year, size)
    return report.result(given, defaults, today)


def _given(
    steps: Steps, tenant_id: UUID, kind: Kind, year: int, size: int
) -> tuple[list[GivenScores], outcomes.Defaults]:
    """All that was said of periods before the year, and the defaults that are known; nothing while there is none."""
    with steps() as session:
        found, of_deleted = given_scores.deleted(session, tenant_id, kind, before_year=year)
        defaults = outcomes.shared_defaults(session, tenant_id) | of_deleted
    after: UUID | None = None
    while defaults:
        with steps() as session:
            block, after = given_scores.next_given(session, tenant_id, kind, before_year=year, after=after, most=size)
        if not block:
            break
        found += block
    return found, defaults
