"""Decisions about outcomes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.audit import details_about
from accunode_common.auth.subject import Subject
from accunode_common.errors import AlreadyExistsError, ConflictError
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.columns import AccessLevel
from accunode_credit.companies import CompanyIndex
from accunode_credit.models.credit import Company, Outcome
from accunode_credit.records import find_to_change
from accunode_credit.scope import scope_of
from accunode_predictions.companies import service as companies
from accunode_predictions.outcomes import repository
from accunode_predictions.outcomes.filters import OutcomeFilters
from accunode_predictions.outcomes.schemas import (
    ImportResult,
    ItemResult,
    ItemStatus,
    OutcomeInput,
    OutcomeItem,
    OutcomeOut,
)


async def list_page(
    session: AsyncSession, subject: Subject, filters: OutcomeFilters, order: SortOrder, paging: PageParameters
) -> PageOf[OutcomeOut]:
    """One page of the outcomes of the caller's own and organization records."""
    found = await repository.page(session, subject, filters, order, paging)
    items = [OutcomeOut.model_validate(outcome) for outcome in found.rows]
    return found.showing(items)


async def of_company(session: AsyncSession, subject: Subject, company_id: UUID) -> list[OutcomeOut]:
    """The outcomes of a company.

    Raises:
        NotFoundError: There is no such company that the caller sees.
    """
    company = await companies.get(session, subject, company_id)
    return [OutcomeOut.model_validate(outcome) for outcome in await repository.of_company(session, company)]


async def create(
    session: AsyncSession, subject: Subject, trail: Trail, company_id: UUID, body: OutcomeInput
) -> Outcome:
    """A new outcome of a company; it belongs to the company's owner.

    Raises:
        NotFoundError, ForbiddenError: The caller may not see the company, or not add to it.
        AlreadyExistsError: The company has an outcome of that day.
        ConflictError: The company was deleted at the same time.
    """
    company = await companies.usable(session, subject, company_id)
    try:
        added = await repository.add(session, [_values(subject, company, body)])
    except IntegrityError:
        raise ConflictError("The company was deleted meanwhile.") from None
    if not added:
        raise AlreadyExistsError(f"{company.name} has an outcome of {body.defaulted_on} already.")
    await _record(session, trail, "outcome.create", added[0])
    return added[0]


async def delete(session: AsyncSession, subject: Subject, trail: Trail, company_id: UUID, outcome_id: UUID) -> None:
    """Delete an outcome.

    Raises:
        NotFoundError, ForbiddenError: The caller may not see it, or not delete it.
    """
    outcome = await find_to_change(session, Outcome, subject, outcome_id, Outcome.company_id == company_id)
    await repository.remove(session, outcome)
    await _record(session, trail, "outcome.delete", outcome)


async def add_many(
    session: AsyncSession, subject: Subject, trail: Trail, level: AccessLevel, items: Sequence[OutcomeItem]
) -> ImportResult:
    """Add outcomes of companies that are found by symbol, external id or name among the records of a level.

    Raises:
        ForbiddenError: The caller may not create records of that level.
    """
    references = [item.company for item in items]
    index = CompanyIndex(await companies.in_scope(session, subject, scope_of(subject, level), references))
    found = [index.meant(reference) for reference in references]
    wanted = {
        (company[0].id, item.defaulted_on): _values(subject, company[0], item)
        for item, company in zip(items, found, strict=True)
        if len(company) == 1
    }
    added = await repository.add(session, list(wanted.values())) if wanted else []
    new = {(outcome.company_id, outcome.defaulted_on) for outcome in added}
    results = []
    for place, (item, company) in enumerate(zip(items, found, strict=True)):
        key = (company[0].id, item.defaulted_on) if len(company) == 1 else None
        results.append(_result(place, item, company, created=key in new))
        new.discard(key)
    counts = {status: sum(result.status is status for result in results) for status in ItemStatus}
    details = {"access_level": level, **{status.value: count for status, count in counts.items()}}
    await trail.record(session, "outcome.import", "outcome", details=details)
    return ImportResult(
        created=counts[ItemStatus.CREATED],
        existing=counts[ItemStatus.EXISTING],
        rejected=counts[ItemStatus.REJECTED],
        items=results,
    )


async def _record(session: AsyncSession, trail: Trail, action: str, outcome: Outcome) -> None:
    details = details_about(
        outcome.access_level,
        ids={"company_id": outcome.company_id},
        defaulted_on=outcome.defaulted_on.isoformat(),
        event=outcome.event,
    )
    await trail.record(session, action, "outcome", outcome.id, tenant_id=outcome.tenant_id, details=details)


def _result(place: int, item: OutcomeItem, found: Sequence[Company], *, created: bool) -> ItemResult:
    if len(found) == 1:
        status = ItemStatus.CREATED if created else ItemStatus.EXISTING
        return ItemResult(index=place, status=status, company_id=found[0].id, code=None, message=None)
    named = item.symbol or item.external_id or item.name
    code, message = (
        ("ambiguous_company", f"{len(found)} companies have the external id {named}.")
        if found
        else ("unknown_company", f"No company of this access level is {named}.")
    )
    return ItemResult(index=place, status=ItemStatus.REJECTED, company_id=None, code=code, message=message)


def _values(subject: Subject, company: Company, body: OutcomeInput) -> dict[str, Any]:
    return {
        "tenant_id": company.tenant_id,
        "company_id": company.id,
        "access_level": company.access_level,
        "organization_id": company.organization_id,
        "created_by": subject.user_id,
        "defaulted_on": body.defaulted_on,
        "event": body.event,
    }
