"""A tenant's stored predictions of one kind as arrays."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from accunode_common.db.session import AccessContext, Reach
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_credit.columns import input_matrix
from accunode_ml.leased.model import can_score
from accunode_ml.repositories import portfolio
from accunode_scoring import Scorer

_START = UUID(int=0)
Matrix = NDArray[np.float64]


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
    rows = portfolio.next_shared(session, tenant_id, scorer.kind, after=after or _START, most=size)
    if not rows:
        return None
    inputs = input_matrix(rows, scorer.columns)
    fit = np.flatnonzero(can_score(scorer, inputs)).tolist()
    return Block(
        last=rows[-1]["id"],
        inputs=inputs[fit],
        months=[rows[index]["month"] for index in fit],
        companies=[rows[index]["company_id"] for index in fit],
        periods=[(rows[index]["fiscal_year"], rows[index]["fiscal_quarter"]) for index in fit],
    )
