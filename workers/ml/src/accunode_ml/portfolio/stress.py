"""`portfolio.stress`: score the submitter's portfolio as it is and under a scenario, and store the comparison.

Each company counts once, by its newest prediction of the kind. Nothing but the job's result is stored.
"""

from uuid import UUID

from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.columns import AccessLevel
from accunode_common.tasks.messages import StressPortfolio
from accunode_credit.jobs import kind_of
from accunode_credit.models.bulk import Job
from accunode_ml.leased.job import LeasedJob
from accunode_ml.leased.model import model_of
from accunode_ml.portfolio.comparison import Comparison
from accunode_ml.portfolio.scenario import Scenario
from accunode_ml.repositories import portfolio
from accunode_ml.repositories.portfolio import Portfolio
from accunode_ml.runtime import Runtime

_START = UUID(int=0)


def stress_portfolio(runtime: Runtime, message: StressPortfolio) -> None:
    """Do a stress job. A second run begins afresh."""
    LeasedJob(runtime, message, _stress).run()


def _stress(leased: LeasedJob) -> None:
    model, scenario = model_of(leased), Scenario.of(leased.job.parameters)
    comparison, companies = Comparison(model, scenario), portfolio_of(leased.job, scenario)
    with leased.step() as session:
        total = portfolio.count_companies(session, companies)
        leased.update_job(session, lambda job: _begin(job, total))
    after = _START
    while True:
        with leased.step() as session:
            most = leased.runtime.settings.chunks.rows
            rows = portfolio.next_companies(session, companies, after=after, most=most)
            if not rows:
                asked = {name: leased.job.parameters.get(name) for name in ("name", "shocks", "filters")}
                leased.complete(session, {"scenario": asked, **comparison.result()})
                return
            after = rows[-1]["company_id"]
            scored, of = comparison.add(rows), len(rows)
            leased.update_job(session, lambda job, scored=scored, of=of: _go_on(job, scored, of))  # type: ignore[misc]


def portfolio_of(job: Job, scenario: Scenario) -> Portfolio:
    """Which companies the submitter's scenario is about; row-level security leaves those that they see."""
    level = scenario.filters.get("access_level")
    levels = (AccessLevel.PERSONAL, AccessLevel.ORGANIZATION) if level is None else (AccessLevel(level),)
    tenant_id = PLATFORM_TENANT_ID if level == AccessLevel.SYSTEM else job.tenant_id
    return Portfolio(tenant_id, kind_of(job), levels, scenario.filters.get("fiscal_year"))


def _begin(job: Job, total: int) -> None:
    job.rows_total, job.rows_accepted, job.rows_skipped = total, 0, 0


def _go_on(job: Job, scored: int, of: int) -> None:
    job.rows_accepted += scored
    job.rows_skipped += of - scored
