"""Which predictions a request means: the caller's visible records of a kind that pass its filters."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select

from accunode_common.auth.subject import Subject
from accunode_common.models.columns import AccessLevel
from accunode_common.models.credit import Company, Prediction
from accunode_common.names import clean_symbol
from accunode_predictions.fields import StoredKind
from accunode_predictions.predictions.filters import AnnualFilters, QuarterlyFilters
from accunode_predictions.visibility import own_records, system_records


def matching(
    subject: Subject,
    kind: StoredKind,
    filters: AnnualFilters | QuarterlyFilters,
    *,
    system: bool,
    always_join: bool = False,
) -> Select[Prediction]:
    """The caller's own and organization records that pass `filters`, or the system's records that do.

    Companies are joined when a filter needs them, or always.
    """
    visible = system_records(Prediction) if system else own_records(Prediction, subject)
    statement = select(Prediction).where(visible, Prediction.kind == kind.value, *_conditions(filters))
    if always_join or filters.symbol is not None or filters.sector is not None:
        same = and_(Company.tenant_id == Prediction.tenant_id, Company.id == Prediction.company_id)
        statement = statement.join(Company, same)
    if filters.symbol is not None:
        statement = statement.where(Company.symbol == clean_symbol(filters.symbol))
    if filters.sector is not None:
        statement = statement.where(Company.sector == filters.sector)
    return statement


def _conditions(filters: AnnualFilters | QuarterlyFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    equal: dict[str, Any] = {
        "company_id": filters.company_id,
        "fiscal_year": filters.fiscal_year,
        "risk_level": filters.risk_level,
        "access_level": filters.access_level and AccessLevel(filters.access_level),
        "job_id": filters.job_id,
        "fiscal_quarter": filters.fiscal_quarter if isinstance(filters, QuarterlyFilters) else None,
    }
    conditions.extend(getattr(Prediction, name) == value for name, value in equal.items() if value is not None)
    if filters.pd_min is not None:
        conditions.append(Prediction.pd >= filters.pd_min)
    if filters.pd_max is not None:
        conditions.append(Prediction.pd <= filters.pd_max)
    if filters.created_from is not None:
        conditions.append(Prediction.created_at >= filters.created_from)
    if filters.created_to is not None:
        conditions.append(Prediction.created_at < filters.created_to)
    return conditions
