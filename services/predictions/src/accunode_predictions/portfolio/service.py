"""Puts the portfolio together."""

from collections.abc import Sequence
from datetime import UTC, datetime

from redis.asyncio import Redis
from redis.exceptions import RedisError

from accunode_common.auth.subject import Subject
from accunode_common.errors import FieldError, UnprocessableInputError
from accunode_common.log import get_logger
from accunode_predictions.portfolio import repository
from accunode_predictions.portfolio.schemas import (
    Dashboard,
    Dimension,
    GradeShare,
    LevelShare,
    Migration,
    MigrationQuery,
    MigrationRow,
)
from accunode_predictions.serving.service import Scoring
from accunode_scoring import Kind, RiskLevel

CACHE_SECONDS = 30

logger = get_logger(__name__)


async def dashboard(scoring: Scoring, redis: Redis, subject: Subject, kind: Kind) -> bytes | str:
    """The dashboard of the caller as `Dashboard` writes it.

    It comes from the cache if it was made within half a minute and nothing changed since.
    """
    key = _cache_key(subject, kind, await repository.state(scoring.session, subject))
    try:
        cached = await redis.get(key)
    except RedisError as error:
        logger.warning("dashboard cache not read", reason=str(error))
        cached = None
    if cached is not None:
        return cached
    made = (await _dashboard(scoring, subject, kind)).model_dump_json()
    try:
        await redis.set(key, made, ex=CACHE_SECONDS)
    except RedisError as error:
        logger.warning("dashboard not cached", reason=str(error))
    return made


def _cache_key(subject: Subject, kind: Kind, state: str) -> str:
    """Everything that decides what the caller sees is in the key, and the state of what it sees."""
    return (
        f"accunode:dashboard:{subject.tenant_id}:{subject.organization_id or '-'}:{subject.user_id}"
        f":{subject.read_reach.value}:{kind}:{state}"
    )


async def _dashboard(scoring: Scoring, subject: Subject, kind: Kind) -> Dashboard:
    found = await repository.overview(scoring.session, subject, kind)
    scale = await scoring.scale(subject)
    levels = {row["risk_level"]: row["count"] for row in found["risk_levels"]}
    grades = {row["grade"]: row["count"] for row in found["grades"]}
    return Dashboard(
        kind=kind,
        generated_at=datetime.now(UTC),
        **{name: found[name] for name in ("companies", "predictions", "mean_pd", "median_pd", "expected_defaults")},
        risk_levels=[LevelShare(risk_level=level, count=levels.get(level.value, 0)) for level in RiskLevel],
        grades=[GradeShare(grade=name, count=grades.get(name, 0)) for name in _in_order(scale.names, grades)],
        **{name: found[name] for name in ("sectors", "trend", "riskiest", "deteriorated", "recent")},
    )


async def migration(scoring: Scoring, subject: Subject, query: MigrationQuery) -> Migration:
    """The transition matrix between two periods.

    Raises:
        UnprocessableInputError: The quarters do not fit the kind.
    """
    _check_quarters(query)
    found = await repository.transitions(
        scoring.session,
        subject,
        query.kind,
        query.by,
        (query.from_year, query.from_quarter),
        (query.to_year, query.to_quarter),
    )
    known = (await scoring.scale(subject)).names if query.by is Dimension.GRADE else tuple(RiskLevel)
    states = _in_order(
        [str(name) for name in known], {state for row in found for state in row[:2] if state is not None}
    )
    moved = {(before, after): count for before, after, count in found if before is not None and after is not None}
    place = {state: number for number, state in enumerate(states)}
    return Migration(
        states=states,
        rows=[_row(before, [moved.get((before, after), 0) for after in states]) for before in states],
        companies=sum(moved.values()),
        improved=sum(count for (before, after), count in moved.items() if place[after] < place[before]),
        unchanged=sum(count for (before, after), count in moved.items() if before == after),
        worsened=sum(count for (before, after), count in moved.items() if place[after] > place[before]),
        entered=sum(count for before, _, count in found if before is None),
        left=sum(count for _, after, count in found if after is None),
    )


def _row(state: str, counts: list[int]) -> MigrationRow:
    total = sum(counts)
    return MigrationRow(
        state=state, total=total, counts=counts, shares=[count / total if total else 0.0 for count in counts]
    )


def _in_order(known: Sequence[str], found: set[str] | dict[str, int]) -> list[str]:
    """The scale's grades, and after them any that predictions have from an earlier scale."""
    return [*known, *sorted(set(found) - set(known))]


def _check_quarters(query: MigrationQuery) -> None:
    wanted = query.kind is Kind.QUARTERLY
    wrong = [name for name in ("from_quarter", "to_quarter") if (getattr(query, name) is not None) != wanted]
    if wrong:
        message = "Quarterly predictions need a quarter." if wanted else "Only quarterly predictions have a quarter."
        raise UnprocessableInputError(
            message, errors=[FieldError(f"/query/{name}", "quarter", message) for name in wrong]
        )
