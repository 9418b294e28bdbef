"""Hands background jobs to the workers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.audit import details_about
from accunode_common.auth.subject import Subject
from accunode_common.http.trail import Trail
from accunode_common.ids import new_id
from accunode_common.models.columns import AccessLevel
from accunode_common.tasks.messages import Queue
from accunode_credit import jobs
from accunode_credit.models.bulk import Job, JobState, JobType
from accunode_predictions.jobs.schemas import AcceptedJob
from accunode_scoring import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What is to be done.

    Attributes:
        type: The kind of work.
        kind: The predictions it is about.
        model_version: What scores.
        parameters: What else the worker needs to know.
        shared: Whether the caller's organization sees the job and its result; else the caller alone.
        queue: Where it waits.
    """

    type: JobType
    kind: Kind
    model_version: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    shared: bool
    queue: Queue


async def submit(session: AsyncSession, subject: Subject, trail: Trail, action: str, wanted: NewJob) -> AcceptedJob:
    """A job in the caller's name: the job, its message and the audit event commit together."""
    shared = wanted.shared and subject.organization_id is not None
    job = await jobs.submit(
        session,
        jobs.new_job(
            subject,
            new_id(),
            wanted.type,
            AccessLevel.ORGANIZATION if shared else AccessLevel.PERSONAL,
            request_id=trail.request_id,
            kind=wanted.kind,
            model_version=wanted.model_version,
            parameters=dict(wanted.parameters),
        ),
        wanted.queue,
    )
    details = details_about(
        job.access_level, kind=wanted.kind, model_version=wanted.model_version, parameters=dict(wanted.parameters)
    )
    await trail.record(session, action, "job", job.id, details=details)
    return _render(job)


def locate(response: Response, job: AcceptedJob) -> AcceptedJob:
    """The job, whose place the reply's `Location` names."""
    response.headers["Location"] = job.url
    return job


def _render(job: Job) -> AcceptedJob:
    return AcceptedJob(
        id=job.id,
        type=JobType(job.type),
        state=JobState(job.state),
        kind=jobs.kind_of(job),
        model_version=job.model_version or "",
        created_at=job.created_at,
        url=f"/api/v1/jobs/{job.id}",
    )
