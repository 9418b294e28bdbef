"""The model version and the master scale that a leased job scores with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accunode_credit.jobs import kind_of
from accunode_ml.leased.job import LeasedJob
from accunode_ml.serving import grading, model_registry
from accunode_scoring import MasterScale, Scorer


@dataclass(frozen=True, slots=True)
class JobModel:
    """What a job scores with."""

    scorer: Scorer
    scale: MasterScale


def can_score(scorer: Scorer, matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows of a matrix of shape (n, len(scorer.columns)) can be scored."""
    fit = np.ones(len(matrix), bool)
    fit[[row for row, _ in scorer.problems(matrix)]] = False
    return fit


def model_of(leased: LeasedJob) -> JobModel:
    """The version that the job names at its tenant's central tendency, and its tenant's master scale.

    Raises:
        ModelRefusedError: The version's files are not here, or not those that the registry knows.
    """
    job, runtime = leased.job, leased.runtime
    with leased.step() as session:
        version = model_registry(session, runtime).version(kind_of(job), job.model_version or "")
        graded = grading(session, job.tenant_id)
    return JobModel(graded.at_level(version.scorer(runtime.models)), graded.scale)
