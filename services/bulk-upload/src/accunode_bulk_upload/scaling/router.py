"""Scaling over HTTP."""

from typing import Annotated

from fastapi import Depends, Query

from accunode_bulk_upload.resources import AppResources
from accunode_bulk_upload.scaling import service
from accunode_bulk_upload.scaling.permissions import ScalingManager, ScalingReader
from accunode_bulk_upload.scaling.schemas import (
    CurrentRecommendation,
    DecisionOut,
    PolicyOut,
    ScalingMetrics,
    ScalingStatus,
)
from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.scaling import Policy
from accunode_common.schemas import Page

router = api_router("/scaling", tag="scaling")


@router.get("/status", summary="Read what waits and what works")
async def get_scaling_status(_subject: ScalingReader, session: SubjectSession, app: AppResources) -> ScalingStatus:
    """The queues as they are now, the outbox, and the workers that note that they live."""
    return await service.status(session, app.redis)


@router.get("/metrics", summary="Read a sample a minute")
async def get_scaling_metrics(
    _subject: ScalingReader,
    session: SubjectSession,
    minutes: Annotated[int, Query(ge=1, le=1440, description="How many minutes back.")] = 60,
) -> ScalingMetrics:
    """What the relay measured each minute, and how many tasks ended; samples are kept for a week."""
    return await service.metrics(session, minutes)


@router.get("/recommendation", summary="Ask what the policy would do now")
async def get_scaling_recommendation(
    _subject: ScalingReader, session: SubjectSession, app: AppResources
) -> CurrentRecommendation:
    """What the policy decides for the workers, by the alarms, steps and cooldowns that AWS would apply, and why.

    Nothing is done about it here. The API services are scaled by their processors' use, which AWS alone measures.
    """
    return await service.recommendation(session, app.redis)


@router.get("/policy", summary="Read the scaling policy")
async def get_scaling_policy(_subject: ScalingReader, session: SubjectSession, etag: ETag) -> PolicyOut:
    """The policy in force, who stored it, and what differs from the one that the templates carry."""
    shown = await service.policy_now(session)
    etag.tag(shown.version)
    return shown


@router.put("/policy", summary="Change the scaling policy")
async def put_scaling_policy(
    subject: ScalingManager, session: SubjectSession, trail: AuditTrail, body: Policy, condition: IfMatch
) -> PolicyOut:
    """Stores the policy that recommendations, decisions and the backlog alert follow from now on.

    It changes no alarm, limit or instance of AWS: those carry the numbers that they were deployed with.
    """
    shown = await service.change_policy(session, subject, trail, body, condition)
    condition.tag(shown.version)
    return shown


@router.get("/history", summary="List decisions", response_model=Page[DecisionOut])
async def list_scaling_decisions(
    _subject: ScalingReader,
    session: SubjectSession,
    paging: Paging,
    order: Annotated[SortOrder, Depends(service.SORTING)],
) -> PageReply:
    """Each change of what the policy decided, newest first, for ninety days."""
    found = await service.history(session, order, paging)
    return PageReply(found.showing(service.show_decisions(found.rows)))
