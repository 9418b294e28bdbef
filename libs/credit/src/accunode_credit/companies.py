"""Which company a request or the row of a file means: the one of its symbol, else of its name, in one scope."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, or_, select

from accunode_credit.models.credit import Company

IDENTIFIERS = ("symbol", "name_key")
"""What a company is known by in its scope; where two of them name two companies, the first decides."""


def candidates(tenant_id: UUID, scope_id: UUID, *, symbol: str | None, name_key: str) -> Select[Company]:
    """Selects the companies of one scope that have that symbol or that name: two at most."""
    given = {"symbol": symbol, "name_key": name_key}
    same = [getattr(Company, name) == given[name] for name in IDENTIFIERS if given[name] is not None]
    return select(Company).where(Company.tenant_id == tenant_id, Company.scope_id == scope_id, or_(*same))


def the_one_meant(found: Sequence[Company], *, symbol: str | None, name_key: str) -> Company | None:
    """Which of the candidates is meant; None where there is none."""
    given = {"symbol": symbol, "name_key": name_key}
    for name in IDENTIFIERS:
        for company in found:
            if given[name] is not None and getattr(company, name) == given[name]:
                return company
    return None
