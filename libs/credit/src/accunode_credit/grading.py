"""What a tenant's scores are graded by: its master scale, and its long-run default rate for each kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from accunode_common.models.tenancy import Tenant
from accunode_credit.master_scale import parse
from accunode_credit.models.levels import CentralTendency
from accunode_scoring import DEFAULT_SCALE, Kind, MasterScale, Scorer
from accunode_scoring.central_tendency import GREATEST_RATE, LEAST_RATE

__all__ = ["GREATEST_RATE", "LEAST_RATE", "Grading", "Kind", "grading_of", "in_force", "stored_grading", "today"]


@dataclass(frozen=True, slots=True)
class Grading:
    """A tenant's master scale and central tendencies; kinds without one have the level of their model."""

    scale: MasterScale = DEFAULT_SCALE
    rates: Mapping[Kind, float] = field(default_factory=dict)

    def at_level(self, scorer: Scorer) -> Scorer:
        """The scorer at the tenant's long-run default rate of its kind, or as its model was trained."""
        return scorer.at_rate(self.rates.get(scorer.kind))


def today() -> date:
    """The day by which a rate is in force, that of UTC."""
    return datetime.now(UTC).date()


def in_force(tenant_id: UUID) -> Select[Kind, float | None]:
    """Selects the kinds that a tenant has set a rate for until today, each with its rate; null for the model's own."""
    rates = CentralTendency
    return (
        select(rates.kind, rates.rate)
        .where(rates.tenant_id == tenant_id, rates.effective_from <= today())
        .ext(distinct_on(rates.kind))
        .order_by(rates.kind, rates.effective_from.desc(), rates.id.desc())
    )


def stored_grading(tenant_id: UUID) -> Select[Any, Any]:
    """Selects a tenant's own grades, and its rates by kind as one object, for `grading_of`: one row at most."""
    rates = in_force(tenant_id).subquery("rates")
    by_kind = select(func.jsonb_object_agg(rates.c.kind, rates.c.rate)).scalar_subquery()
    return select(Tenant.master_scale, cast(by_kind, JSONB)).where(Tenant.id == tenant_id)


def grading_of(row: Any | None) -> Grading:
    """The grading that a row of `stored_grading` holds; the default one without a row."""
    if row is None:
        return Grading()
    grades, rates = row
    return Grading(parse(grades), {Kind(kind): rate for kind, rate in (rates or {}).items() if rate is not None})
