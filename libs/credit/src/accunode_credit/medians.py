"""The exact median probability of default, found in the one band where the counts say that it lies."""

from sqlalchemy import BigInteger, Select, cast, func, select

from accunode_common.auth.subject import Subject
from accunode_credit.models.credit import NewestPrediction, PdCount, Prediction
from accunode_credit.records import own_records
from accunode_scoring import Kind


def median_pd(
    subject: Subject, kind: Kind, of: type[Prediction] | type[NewestPrediction]
) -> Select[tuple[float | None]]:
    """Selects the median of the caller's own and organization records of a kind; null where there are none."""
    number = cast(func.sum(PdCount.predictions), BigInteger)
    counted = (
        select(PdCount.pd_band, cast(func.sum(number).over(order_by=PdCount.pd_band), BigInteger).label("up_to"))
        .where(own_records(PdCount, subject), PdCount.kind == kind, PdCount.is_newest.is_(of is NewestPrediction))
        .group_by(PdCount.pd_band)
        .having(number > 0)
        .cte("counted")
    )
    whole = select(func.max(counted.c.up_to)).scalar_subquery()
    # Counted from 0; of an odd number both are the one in the middle.
    lower, upper = (whole - 1) // 2, whole // 2
    first, last = (
        select(func.min(counted.c.pd_band)).where(counted.c.up_to > place).scalar_subquery() for place in (lower, upper)
    )
    before = select(func.coalesce(func.max(counted.c.up_to), 0)).where(counted.c.up_to <= lower).scalar_subquery()
    values = func.credit.probabilities(kind, of is NewestPrediction, first, last).column_valued("pd")
    middle = (
        select(values.label("pd")).order_by(values).offset(lower - before).limit(upper - lower + 1).subquery("middle")
    )
    return select(func.min(middle.c.pd) + (func.max(middle.c.pd) - func.min(middle.c.pd)) * 0.5)
