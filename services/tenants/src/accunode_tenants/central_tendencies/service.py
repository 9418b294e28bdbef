"""What may be done with central tendencies."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.errors import UnprocessableInputError
from accunode_common.http.trail import Trail
from accunode_credit.grading import Kind, today
from accunode_tenants.central_tendencies import repository
from accunode_tenants.central_tendencies.schemas import CentralTendencyIn, CentralTendencyOut, CentralTendencyStep
from accunode_tenants.tenants import service as tenants


async def read(session: AsyncSession, subject: Subject, tenant_id: UUID, kind: Kind) -> CentralTendencyOut:
    """What counts today, and everything that was set.

    Raises:
        NotFoundError: There is no such tenant that the caller sees.
    """
    tenant = await tenants.get(session, subject, tenant_id)
    return await _shown(session, tenant.id, kind)


async def put(
    session: AsyncSession, subject: Subject, trail: Trail, tenant_id: UUID, kind: Kind, body: CentralTendencyIn
) -> CentralTendencyOut:
    """Set a rate from a day on.

    Raises:
        NotFoundError: There is no such tenant that the caller sees.
        UnprocessableInputError: The day is over: scores of it are given.
    """
    tenant = await tenants.get(session, subject, tenant_id)
    begins = body.effective_from or today()
    if begins < today():
        raise UnprocessableInputError.at(
            "/body/effective_from",
            "past",
            f"The day {begins} is over, and what was scored keeps its level; give today, {today()}, or a later day.",
        )
    await repository.add(session, tenant.id, kind, body.rate, begins, subject.user_id)
    await trail.record(
        session,
        "tenant.central_tendency",
        "tenant",
        tenant.id,
        tenant_id=tenant.id,
        details={"kind": kind.value, "rate": body.rate, "effective_from": begins.isoformat()},
    )
    return await _shown(session, tenant.id, kind)


async def _shown(session: AsyncSession, tenant_id: UUID, kind: Kind) -> CentralTendencyOut:
    steps = await repository.every(session, tenant_id, kind)
    now = next((step for step in steps if step.effective_from <= today()), None)
    return CentralTendencyOut(
        kind=kind,
        rate=None if now is None else now.rate,
        effective_from=None if now is None else now.effective_from,
        history=[CentralTendencyStep.model_validate(step) for step in steps],
    )
