"""`credit.outcomes`: what became of obligors."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from accunode_common.models.columns import AccessLevel
from accunode_credit.models.credit import Outcome

Defaults = dict[UUID, list[date]]


def shared_defaults(session: Session, tenant_id: UUID) -> Defaults:
    """The dates of default of each company that has any, in order; nobody's personal records."""
    rows = session.execute(
        select(Outcome.company_id, Outcome.defaulted_on)
        .where(Outcome.tenant_id == tenant_id, Outcome.access_level != AccessLevel.PERSONAL)
        .order_by(Outcome.company_id, Outcome.defaulted_on)
    )
    defaults: Defaults = {}
    for company_id, defaulted_on in rows:
        defaults.setdefault(company_id, []).append(defaulted_on)
    return defaults
