"""Background jobs as they are handed over."""

from uuid import UUID

from pydantic import Field

from accunode_common.http.schemas import ResponseModel, UtcTime
from accunode_common.models.bulk import JobState, JobType
from accunode_common.models.credit import PredictionKind


class AcceptedJob(ResponseModel):
    """A job that the workers have yet to do."""

    id: UUID
    type: JobType
    state: JobState
    kind: PredictionKind
    model_version: str
    created_at: UtcTime
    url: str = Field(description="Where its progress and its result are.")
