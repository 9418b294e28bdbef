"""Central tendencies over HTTP."""

from typing import Annotated

from fastapi import Path

from accunode_common.http.app import api_router
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_credit.grading import Kind
from accunode_tenants.central_tendencies import service
from accunode_tenants.central_tendencies.permissions import RateReader, RateSetter
from accunode_tenants.central_tendencies.schemas import CentralTendencyIn, CentralTendencyOut
from accunode_tenants.path_parameters import TenantPath

router = api_router("/tenants/{tenant_id}/central-tendencies", tag="tenants")

KindPath = Annotated[Kind, Path(description="Which inputs the scores are from.")]


@router.get("/{kind}", summary="Read a central tendency")
async def get_central_tendency(
    tenant_id: TenantPath, kind: KindPath, subject: RateReader, session: SubjectSession
) -> CentralTendencyOut:
    """The long-run default rate that the tenant's scores of a kind are brought to, and every one that was set."""
    return await service.read(session, subject, tenant_id, kind)


@router.put("/{kind}", summary="Set a central tendency")
async def set_central_tendency(
    tenant_id: TenantPath,
    kind: KindPath,
    subject: RateSetter,
    session: SubjectSession,
    trail: AuditTrail,
    body: CentralTendencyIn,
) -> CentralTendencyOut:
    """Brings scores to a long-run default rate of the tenant's own from a day on.

    The probabilities count filings for bankruptcy in the United States; a default of Basel is several times as
    frequent. All log-odds are shifted so that the population of the model's training has the rate as its mean, and
    ranks and reasons stay. It counts for whatever is scored from that day on, one by one, in files, again and under
    scenarios; each stored prediction says its `log_odds_shift`. `POST /api/v1/portfolio/rescore` brings what is stored
    to it.
    """
    return await service.put(session, subject, trail, tenant_id, kind, body)
