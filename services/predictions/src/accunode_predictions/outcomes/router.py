"""Outcomes over HTTP. Registered before the companies' routes, so that `outcomes` is not taken for a company's id."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from accunode_common.http.app import api_router
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.models.columns import AccessLevel
from accunode_common.schemas import Page
from accunode_predictions.companies.permissions import CompanyReader, CompanyWriter
from accunode_predictions.companies.schemas import CompanyPath
from accunode_predictions.outcomes import service
from accunode_predictions.outcomes.csv_file import ReceivedOutcomes
from accunode_predictions.outcomes.filters import Filters, Order
from accunode_predictions.outcomes.schemas import ImportResult, OutcomeInput, OutcomeItems, OutcomeList, OutcomeOut

router = api_router("/companies", tag="outcomes")

Level = Annotated[AccessLevel, Query(description="Among whose records the companies are looked for.")]


@router.get("/outcomes", summary="List outcomes", response_model=Page[OutcomeOut])
async def list_outcomes(
    filters: Filters, order: Order, paging: Paging, subject: CompanyReader, session: SubjectSession
) -> PageReply:
    """Defaults of the caller's own companies and of its organization's, the last stored first."""
    return PageReply(await service.list_page(session, subject, filters, order, paging))


@router.post("/outcomes", summary="Add many outcomes")
async def create_outcomes(
    body: OutcomeItems,
    subject: CompanyWriter,
    session: SubjectSession,
    trail: AuditTrail,
    access_level: Level = AccessLevel.PERSONAL,
) -> ImportResult:
    """Adds up to 1,000 defaults of companies found by symbol, external id or name.

    What is known already stays; an item whose company is not found is rejected and harms no other.
    """
    return await service.add_many(session, subject, trail, access_level, body.items)


@router.post("/outcomes/csv", summary="Add many outcomes from a CSV file")
async def create_outcomes_from_csv(
    subject: CompanyWriter,
    items: ReceivedOutcomes,
    session: SubjectSession,
    trail: AuditTrail,
    access_level: Level = AccessLevel.PERSONAL,
) -> ImportResult:
    """The same from a file with the columns `defaulted_on`, `event`, and `symbol`, `external_id` or `name`.

    It may have 1 MiB, 1,000 rows below the header and 50 columns, and take 5 seconds of computing and 256 MiB of memory
    to read; workbooks and Parquet files are not taken.
    """
    return await service.add_many(session, subject, trail, access_level, items)


@router.get("/{company_id}/outcomes", summary="List a company's outcomes")
async def list_company_outcomes(
    company_id: CompanyPath, subject: CompanyReader, session: SubjectSession
) -> OutcomeList:
    """The defaults of a company, the earliest first."""
    return OutcomeList(items=await service.of_company(session, subject, company_id))


@router.post("/{company_id}/outcomes", status_code=201, summary="Add an outcome")
async def create_outcome(
    company_id: CompanyPath, body: OutcomeInput, subject: CompanyWriter, session: SubjectSession, trail: AuditTrail
) -> OutcomeOut:
    """Notes that a company has defaulted. Back-tests hold the predictions of the year before against it."""
    return OutcomeOut.model_validate(await service.create(session, subject, trail, company_id, body))


@router.delete("/{company_id}/outcomes/{outcome_id}", status_code=204, summary="Delete an outcome")
async def delete_outcome(
    company_id: CompanyPath,
    outcome_id: Annotated[UUID, Path(description="One of its outcomes.")],
    subject: CompanyWriter,
    session: SubjectSession,
    trail: AuditTrail,
) -> Response:
    """Takes an outcome back; its creator and its organization's administrators may."""
    await service.delete(session, subject, trail, company_id, outcome_id)
    return Response(status_code=204)
