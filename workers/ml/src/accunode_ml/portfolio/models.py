"""The model and the master scale of a portfolio job."""

from dataclasses import dataclass

from accunode_ml.bulk import jobs
from accunode_ml.course import Course, JobRefusedError
from accunode_ml.serving import master_scale
from accunode_scoring import DEFAULT_SCALE, MasterScale, Scorer, UnknownModelError


@dataclass(frozen=True, slots=True)
class JobModel:
    """What a job scores with."""

    scorer: Scorer
    scale: MasterScale


def model_of(course: Course) -> JobModel:
    """The version that the job names, and its tenant's master scale.

    Raises:
        JobRefusedError: The version's files are not here.
    """
    kind, version = jobs.kind_of(course.job), course.job.model_version or ""
    try:
        scorer = course.runtime.models.scorer(kind, version)
    except UnknownModelError:
        raise JobRefusedError("model_missing", f"The worker has no files of {kind.value} model {version}.") from None
    with course.step() as session:
        scale = master_scale(session, course.job.tenant_id)
    return JobModel(scorer, scale or DEFAULT_SCALE)
