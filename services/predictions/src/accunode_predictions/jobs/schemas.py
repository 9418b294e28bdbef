"""Background jobs as they are handed over."""

from uuid import UUID

from pydantic import Field

from accunode_common.schemas import CreatedAt, ResponseModel
from accunode_credit.models.bulk import JobState, JobType
from accunode_scoring import Kind


class AcceptedJob(ResponseModel):
    """A job that the workers have yet to do."""

    id: UUID = Field(description="The job, under /jobs.")
    type: JobType = Field(description="What the workers will do.", examples=["stress"])
    state: JobState = Field(description="Where it stands: at the beginning.")
    kind: Kind = Field(description="Whose predictions or model it is about.")
    model_version: str = Field(description="What scores.", examples=["1.0.0"])
    created_at: CreatedAt
    url: str = Field(
        description="Where its progress and its result are.",
        examples=["/api/v1/jobs/0192d6d4-0000-7000-8000-0000bf396750"],
    )
