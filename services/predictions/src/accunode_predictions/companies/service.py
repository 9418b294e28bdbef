"""Decisions about companies."""

from collections.abc import Iterable, Sequence, Set
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.audit import details_about
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    ServiceUnavailableError,
    UnprocessableInputError,
)
from accunode_common.http.conditional import Conditional
from accunode_common.http.pagination import PageOf, PageParameters, SortOrder
from accunode_common.http.trail import Trail
from accunode_common.models.columns import AccessLevel
from accunode_common.names import name_key
from accunode_credit.companies import CompanyIndex, CompanyReference
from accunode_credit.models.credit import Company, Prediction
from accunode_credit.records import find, find_to_change
from accunode_credit.scope import ownership, scope_of
from accunode_predictions.companies import repository
from accunode_predictions.companies.filters import CompanyFilters
from accunode_predictions.companies.schemas import (
    CompanyDescription,
    CompanyFields,
    CompanyHistory,
    CompanyInput,
    CompanyOut,
    CompanyPatch,
    HistoryEntry,
    LatestPrediction,
)
from accunode_predictions.model_reference import card_url
from accunode_predictions.serving.service import Scoring
from accunode_scoring import Kind

_RACES = 3


async def list_page(
    session: AsyncSession, subject: Subject, filters: CompanyFilters, order: SortOrder, paging: PageParameters
) -> PageOf[dict[str, Any]]:
    """One page of the companies that the caller sees, each as `CompanyOut`."""
    found = await repository.page(session, subject, filters, order, paging)
    tenant_ids = {listed.pop("tenant_id") for listed in found.rows}
    newest = await _newest(session, tenant_ids, {listed["id"] for listed in found.rows})
    return found.showing([listed | newest[listed["id"]] for listed in found.rows])


async def show(session: AsyncSession, company: Company) -> CompanyOut:
    """A company with its newest predictions."""
    newest = await _newest(session, {company.tenant_id}, {company.id})
    own = {name: getattr(company, name) for name in CompanyDescription.model_fields}
    return CompanyOut(**own, **newest[company.id])


async def get(session: AsyncSession, subject: Subject, company_id: UUID) -> Company:
    """The company of that id.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    return await find(session, Company, subject, company_id)


async def get_by_symbol(session: AsyncSession, subject: Subject, symbol: str, level: AccessLevel | None) -> Company:
    """The nearest company of that symbol.

    Raises:
        NotFoundError: There is none that the caller sees.
    """
    found = await repository.by_symbol(session, subject, symbol, level)
    if found is None:
        raise NotFoundError("There is no company with this symbol.")
    return found


async def create(session: AsyncSession, subject: Subject, trail: Trail, body: CompanyInput) -> Company:
    """A new company.

    Raises:
        ForbiddenError: The caller may not create records of that level.
        AlreadyExistsError: Its scope has a company of that name or symbol.
    """
    scope_id = scope_of(subject, body.access_level)
    _check_market_cap(body.market_cap, body.currency)
    company = await repository.add(session, _values(subject, body, body.access_level))
    if company is None:
        same = await repository.in_scope(session, subject.tenant_id, scope_id, [_reference(body)])
        raise _taken(same[0] if same else None)
    await _record(session, trail, "company.create", company)
    return company


async def resolve(
    session: AsyncSession, subject: Subject, trail: Trail, body: CompanyFields, level: AccessLevel
) -> Company:
    """The company that `body` means: by symbol, else by name, in the scope of `level`; created when it is new.

    An existing company is taken as it is: the other fields of `body` do not change it.

    Raises:
        ForbiddenError: The caller may not create records of that level.
    """
    scope_id, reference = scope_of(subject, level), _reference(body)
    for _ in range(_RACES):
        found = await repository.in_scope(session, subject.tenant_id, scope_id, [reference])
        for meant in CompanyIndex(found).meant(reference):
            return meant
        _check_market_cap(body.market_cap, body.currency, pointer="/body/company/currency")
        added = await repository.add(session, _values(subject, body, level))
        if added is not None:
            await _record(session, trail, "company.create", added)
            return added
    raise ServiceUnavailableError("The company was created and deleted by others meanwhile.", retry_after=1)


async def in_scope(
    session: AsyncSession, subject: Subject, scope_id: UUID, references: Iterable[CompanyReference]
) -> Sequence[Company]:
    """The companies of one scope of the caller's tenant that one of the references can mean."""
    return await repository.in_scope(session, subject.tenant_id, scope_id, references)


async def usable(session: AsyncSession, subject: Subject, company_id: UUID) -> Company:
    """The company of that id, if the caller may add predictions to it.

    Raises:
        NotFoundError: There is none that the caller sees.
        ForbiddenError: The caller sees it, and belongs to another organization or is no administrator of the platform.
    """
    company = await get(session, subject, company_id)
    level = AccessLevel(company.access_level)
    allowed = {
        AccessLevel.PERSONAL: company.created_by == subject.user_id,
        AccessLevel.ORGANIZATION: company.organization_id == subject.organization_id,
        AccessLevel.SYSTEM: subject.may(Permission.SYSTEM_RECORD_WRITE),
    }
    if not allowed[level]:
        raise ForbiddenError(f"You see this company, but only its {level.value} level's owners add predictions to it.")
    return company


async def change(
    session: AsyncSession, subject: Subject, trail: Trail, company_id: UUID, body: CompanyPatch, condition: Conditional
) -> Company:
    """The company with the fields of `body` changed.

    Raises:
        NotFoundError, ForbiddenError: The caller may not see it, or not change it.
        StaleVersionError: It changed since the caller read it.
        AlreadyExistsError: Its scope has another company of that name or symbol.
    """
    company = await find_to_change(session, Company, subject, company_id)
    condition.check(company.version)
    values = {name: getattr(body, name) for name in body.model_fields_set}
    if values.get("name", "") is None:
        raise UnprocessableInputError.at("/body/name", "missing", "A company needs a name.")
    changed = {name: value for name, value in values.items() if value != getattr(company, name)}
    if not changed:
        return company
    _check_market_cap(changed.get("market_cap", company.market_cap), changed.get("currency", company.currency))
    if "name" in changed:
        changed["name_key"] = name_key(str(changed["name"]))
    try:
        company = await repository.change(session, company, changed)
    except IntegrityError:
        raise _taken(None) from None
    await _record(session, trail, "company.update", company, fields=sorted(changed.keys() - {"name_key"}))
    return company


async def delete(
    session: AsyncSession, subject: Subject, trail: Trail, company_id: UUID, condition: Conditional
) -> None:
    """Delete the company, its predictions and its outcomes.

    Raises:
        NotFoundError, ForbiddenError: The caller may not see it, or not delete it.
        StaleVersionError: It changed since the caller read it.
        ConflictError: Some of what would be deleted with it is others', and the caller may not delete that.
    """
    company = await find_to_change(session, Company, subject, company_id)
    condition.check(company.version)
    theirs = await repository.records_of_others(session, company)
    if any(theirs.values()):
        counted = " and ".join(f"{count} {named}{'s' if count > 1 else ''}" for named, count in theirs.items() if count)
        raise ConflictError(
            f"The company has {counted} of others, which would be deleted with it; an administrator of the "
            "organization can delete all."
        )
    await repository.remove(session, company)
    await _record(session, trail, "company.delete", company, name=company.name)


async def history(scoring: Scoring, subject: Subject, company: Company) -> CompanyHistory:
    """Every prediction of a company with its change against the one of the same kind before."""
    scale = await scoring.scale(subject)
    notch = {name: number for number, name in enumerate(scale.names)}
    before: dict[str, Prediction] = {}
    items = []
    for row in await repository.predictions_of(scoring.session, company):
        last = before.get(row.kind)
        known = last is not None and row.grade in notch and last.grade in notch
        items.append(
            HistoryEntry(
                prediction=LatestPrediction.model_validate(row),
                pd_change=None if last is None else row.pd - last.pd,
                grade_change=notch[row.grade] - notch[last.grade] if last is not None and known else None,
                created_at=row.created_at,
                updated_at=row.updated_at,
            )
        )
        before[row.kind] = row
    return CompanyHistory(company_id=company.id, items=items)


def _values(subject: Subject, body: CompanyFields, level: AccessLevel) -> dict[str, Any]:
    return {
        **ownership(subject, level),
        "name": body.name,
        "name_key": name_key(body.name),
        "symbol": body.symbol,
        "external_id": body.external_id,
        "sector": body.sector,
        "market_cap": body.market_cap,
        "currency": body.currency,
    }


def _taken(company: Company | None) -> AlreadyExistsError:
    named = f" It is {company.id}." if company is not None else ""
    return AlreadyExistsError(f"There is a company of this name or symbol already.{named}")


def _check_market_cap(market_cap: object, currency: object, *, pointer: str = "/body/currency") -> None:
    if market_cap is not None and currency is None:
        raise UnprocessableInputError.at(pointer, "missing", "A market capitalisation needs its currency.")


async def _newest(
    session: AsyncSession, tenant_ids: Set[UUID], company_ids: Set[UUID]
) -> dict[UUID, dict[str, dict[str, Any] | None]]:
    """The newest predictions of companies by their names in `CompanyOut`."""
    found = await repository.newest_predictions(session, tenant_ids, company_ids) if company_ids else {}
    return {
        company_id: {f"latest_{kind}": _latest(found.get(company_id, {}).get(kind)) for kind in Kind}
        for company_id in company_ids
    }


def _latest(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return found and {**found, "card_url": card_url(found["kind"], found["model_version"])}


async def _record(
    session: AsyncSession,
    trail: Trail,
    action: str,
    company: Company,
    *,
    fields: Sequence[str] | None = None,
    **contents: Any,
) -> None:
    details = details_about(company.access_level, **contents) | ({} if fields is None else {"fields": fields})
    await trail.record(session, action, "company", company.id, tenant_id=company.tenant_id, details=details)


def _reference(body: CompanyFields) -> CompanyReference:
    return CompanyReference(symbol=body.symbol, name_key=name_key(body.name))
