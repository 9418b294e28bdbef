"""A tenant's stored predictions of one kind as arrays, and the defaults of their companies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.db.session import AccessContext, Reach
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_credit.columns import input_matrix
from accunode_ml.inputs import input_columns
from accunode_scoring import Kind, Scorer

_START = UUID(int=0)
_NEXT = {
    kind: text(f"""
        select p.id, p.company_id, p.fiscal_year, p.fiscal_quarter, to_char(p.created_at, 'YYYY-MM') as month,
            {input_columns(kind)}
        from credit.predictions p
        where p.tenant_id = :tenant_id and p.kind = :kind and p.access_level <> 'personal' and p.id > :after
        order by p.id limit :size
    """)  # noqa: S608
    for kind in Kind
}
_DEFAULTS = text("""
    select company_id, array_agg(defaulted_on order by defaulted_on) as dates from credit.outcomes
    where tenant_id = :tenant_id and access_level <> 'personal' group by company_id
""")

Matrix = NDArray[np.float64]
Defaults = dict[UUID, list[date]]


def reading_context(tenant_id: UUID) -> AccessContext:
    """The context in which a tenant's shared records are read: all organizations', nobody's personal ones."""
    reach = Reach.PLATFORM if tenant_id == PLATFORM_TENANT_ID else Reach.TENANT
    return AccessContext(tenant_id=tenant_id, read_reach=reach)


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive predictions of a population.

    Attributes:
        last: The id of the last one, from which the next block goes on.
        inputs: Matrix of shape (n, len(scorer.columns)), NaN where missing.
        months: When each was scored, as YYYY-MM.
        companies: Whose each is.
        periods: The fiscal year of each, and its quarter if it has one.
    """

    last: UUID
    inputs: Matrix
    months: list[str]
    companies: list[UUID]
    periods: list[tuple[int, int | None]]


def next_block(session: Session, tenant_id: UUID, scorer: Scorer, after: UUID | None, size: int) -> Block | None:
    """The predictions after an id that the model can score; None when there are no more."""
    values = {"tenant_id": tenant_id, "kind": scorer.kind.value, "after": after or _START, "size": size}
    rows: Sequence[Any] = session.execute(_NEXT[scorer.kind], values).mappings().all()
    if not rows:
        return None
    inputs = input_matrix(rows, scorer.columns)
    problems = scorer.problems(inputs)
    unfit = {row for row, _ in problems}
    fit = [place for place in range(len(rows)) if place not in unfit]
    return Block(
        last=rows[-1]["id"],
        inputs=inputs[fit],
        months=[rows[place]["month"] for place in fit],
        companies=[rows[place]["company_id"] for place in fit],
        periods=[(rows[place]["fiscal_year"], rows[place]["fiscal_quarter"]) for place in fit],
    )


def defaults_of(session: Session, tenant_id: UUID) -> Defaults:
    """The dates of default of each company that has any, in order."""
    rows = session.execute(_DEFAULTS, {"tenant_id": tenant_id})
    return {row.company_id: list(row.dates) for row in rows}
