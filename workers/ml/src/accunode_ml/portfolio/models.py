"""The model and the master scale of a portfolio job."""

from dataclasses import dataclass

from accunode_ml.jobs import kind_of
from accunode_ml.leased.job import LeasedJob
from accunode_ml.leased.task import TaskRefusedError
from accunode_ml.serving import master_scale
from accunode_scoring import DEFAULT_SCALE, MasterScale, Scorer, UnknownModelError


@dataclass(frozen=True, slots=True)
class JobModel:
    """What a job scores with."""

    scorer: Scorer
    scale: MasterScale


def model_of(leased: LeasedJob) -> JobModel:
    """The version that the job names, and its tenant's master scale.

    Raises:
        TaskRefusedError: The version's files are not here.
    """
    kind, version = kind_of(leased.job), leased.job.model_version or ""
    try:
        scorer = leased.runtime.models.scorer(kind, version)
    except UnknownModelError:
        raise TaskRefusedError("model_missing", f"The worker has no files of {kind.value} model {version}.") from None
    with leased.step() as session:
        scale = master_scale(session, leased.job.tenant_id)
    return JobModel(scorer, scale or DEFAULT_SCALE)
