"""Companies over HTTP."""

from typing import Annotated

from fastapi import Path, Query, Response

from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.models.columns import AccessLevel
from accunode_common.schemas import Page
from accunode_predictions.companies import service
from accunode_predictions.companies.filters import Filters, Order
from accunode_predictions.companies.permissions import CompanyReader, CompanyWriter
from accunode_predictions.companies.schemas import CompanyHistory, CompanyInput, CompanyOut, CompanyPatch, CompanyPath
from accunode_predictions.resources import RequestScoring

router = api_router("/companies", tag="companies")


@router.get("", summary="List companies", response_model=Page[CompanyOut])
async def list_companies(
    filters: Filters, order: Order, paging: Paging, subject: CompanyReader, session: SubjectSession
) -> PageReply:
    """Every company that the caller sees: personal, its organization's, and the system's where sharing is on."""
    return PageReply(await service.list_page(session, subject, filters, order, paging))


@router.post("", status_code=201, summary="Add a company")
async def create_company(
    body: CompanyInput,
    subject: CompanyWriter,
    session: SubjectSession,
    trail: AuditTrail,
    etag: ETag,
    response: Response,
) -> CompanyOut:
    """Adds a company. Its name, and its symbol if it has one, are unique among the records of its access level."""
    company = await service.create(session, subject, trail, body)
    etag.tag(company.version)
    response.headers["Location"] = f"/api/v1/companies/{company.id}"
    return await service.show(session, company)


@router.get("/by-symbol/{symbol}", summary="Find a company by its symbol")
async def get_company_by_symbol(
    symbol: Annotated[str, Path(min_length=1, max_length=32, description="The company's symbol, in any case.")],
    subject: CompanyReader,
    session: SubjectSession,
    etag: ETag,
    access_level: Annotated[AccessLevel | None, Query(description="Look only among records of this level.")] = None,
) -> CompanyOut:
    """The company of this symbol; a personal one comes before the organization's, and that before the system's."""
    company = await service.get_by_symbol(session, subject, symbol, access_level)
    etag.tag(company.version)
    return await service.show(session, company)


@router.get("/{company_id}", summary="Read a company")
async def get_company(
    company_id: CompanyPath, subject: CompanyReader, session: SubjectSession, etag: ETag
) -> CompanyOut:
    """A company with its newest annual and quarterly predictions."""
    company = await service.get(session, subject, company_id)
    etag.tag(company.version)
    return await service.show(session, company)


@router.patch("/{company_id}", summary="Change a company")
async def update_company(
    company_id: CompanyPath,
    body: CompanyPatch,
    subject: CompanyWriter,
    session: SubjectSession,
    trail: AuditTrail,
    condition: IfMatch,
) -> CompanyOut:
    """Changes the fields that are sent; null empties one."""
    company = await service.change(session, subject, trail, company_id, body, condition)
    condition.tag(company.version)
    return await service.show(session, company)


@router.delete("/{company_id}", status_code=204, summary="Delete a company")
async def delete_company(
    company_id: CompanyPath, subject: CompanyWriter, session: SubjectSession, trail: AuditTrail, condition: IfMatch
) -> Response:
    """Deletes a company with its predictions and outcomes; 409 if some are others' that the caller may not delete.

    Of shared records stays, for validation, what was said and what became of it: the kind, period, inputs, probability,
    grade, model version and days of default, by the same owner and without name or id. Of personal ones nothing does.
    """
    await service.delete(session, subject, trail, company_id, condition)
    return Response(status_code=204)


@router.get("/{company_id}/history", summary="Show a company's predictions over time")
async def get_company_history(
    company_id: CompanyPath, subject: CompanyReader, scoring: RequestScoring
) -> CompanyHistory:
    """Every prediction of a company in the order of its periods, with the change in probability and grade."""
    company = await service.get(scoring.session, subject, company_id)
    return await service.history(scoring, subject, company)
