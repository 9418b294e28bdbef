"""Jobs over a portfolio, submitted as the predictions service does and done in the test's own process."""

from typing import Any
from uuid import UUID

from bulk_work import Bulk, annual_csv, healthy

from accunode_common.ids import new_id
from accunode_common.models.columns import AccessLevel
from accunode_common.tasks.messages import JOB_MESSAGES, JobMessage
from accunode_common.testing.people import Caller
from accunode_credit.jobs import new_job
from accunode_credit.models.bulk import JobType
from accunode_ml.monitoring.drift import monitor_drift
from accunode_ml.portfolio.rescore import rescore_portfolio
from accunode_ml.portfolio.stress import stress_portfolio

RUN: dict[str, Any] = {"rescore": rescore_portfolio, "stress": stress_portfolio, "drift": monitor_drift}


class PortfolioJobs:
    """Submits and does jobs on top of predictions that bulk jobs have stored."""

    def __init__(self, bulk: Bulk) -> None:
        self.bulk = bulk

    def store(self, caller: Caller, count: int, *, name: str = "Company", year: int = 2023, **values: Any) -> UUID:
        """Store so many sound predictions; the id of the bulk job."""
        rows = [healthy(number, name=name, year=year) for number in range(count)]
        job = self.bulk.run(caller, annual_csv(rows), **values)
        assert job["rows_accepted"] == count, job
        job_id: UUID = job["id"]
        return job_id

    def submit(self, caller: Caller, job_type: str, version: str, **parameters: Any) -> UUID:
        """A queued job."""
        subject, job_id = caller.subject, new_id()
        shared = job_type != "stress" and subject.organization_id is not None
        level = AccessLevel.ORGANIZATION if shared else AccessLevel.PERSONAL
        values = {"kind": "annual", "model_version": version, "parameters": parameters}
        self.bulk.add(new_job(subject, job_id, JobType(job_type), level, request_id=None, **values))
        return job_id

    def message(self, job_id: UUID) -> JobMessage:
        """What gets the job going."""
        job = self.bulk.job(job_id)
        return JOB_MESSAGES[job["type"]](tenant_id=job["tenant_id"], job_id=job_id)

    def perform(self, job_id: UUID) -> dict[str, Any]:
        """Do the job's message once; the job's row after it."""
        RUN[self.bulk.job(job_id)["type"]](self.bulk.runtime, self.message(job_id))
        return self.bulk.job(job_id)

    def run(self, caller: Caller, job_type: str, version: str, **parameters: Any) -> dict[str, Any]:
        """Submit and do a job."""
        return self.perform(self.submit(caller, job_type, version, **parameters))
