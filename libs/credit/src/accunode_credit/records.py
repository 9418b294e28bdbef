"""Who sees a record and who may change it: what may not be seen is 404, what may not be done is 403.

Row-level security decides; the conditions here let it use the indexes. Selecting for update shows what may be changed.
"""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Reach
from accunode_common.errors import ForbiddenError, NotFoundError
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.columns import AccessLevel
from accunode_credit.models.credit import Company, Outcome, Prediction, PredictionCount

RecordModel = type[Company] | type[Prediction] | type[Outcome]
RecordT = TypeVar("RecordT", Company, Prediction, Outcome)
RowT = TypeVar("RowT")


def own_records(model: RecordModel | type[PredictionCount], subject: Subject) -> ColumnElement[bool]:
    """The caller's personal records and those of its organization, or of all its tenant's organizations."""
    in_tenant = model.tenant_id == subject.tenant_id
    if subject.read_reach is Reach.TENANT:
        return and_(in_tenant, model.access_level.in_([AccessLevel.PERSONAL, AccessLevel.ORGANIZATION]))
    owners = [owner for owner in (subject.user_id, subject.organization_id) if owner is not None]
    return and_(in_tenant, model.scope_id.in_(owners))


def system_records(model: RecordModel) -> ColumnElement[bool]:
    """The records that the platform shares; none where sharing is off."""
    return and_(model.tenant_id == PLATFORM_TENANT_ID, model.access_level == AccessLevel.SYSTEM)


def visible_records(model: RecordModel, subject: Subject, level: AccessLevel | None) -> ColumnElement[bool]:
    """Everything the caller sees, or what it sees of one access level."""
    if level is AccessLevel.SYSTEM:
        return system_records(model)
    if level is None:
        return or_(own_records(model, subject), system_records(model))
    return and_(own_records(model, subject), model.access_level == level)


async def find(
    session: AsyncSession, model: type[RecordT], subject: Subject, record_id: UUID, *conditions: ColumnElement[bool]
) -> RecordT:
    """The record of that id.

    Raises:
        NotFoundError: There is none, or the caller may not see it.
    """
    return await only(session, _by_id(model, subject, record_id, *conditions), _name(model))


async def find_to_change(
    session: AsyncSession, model: type[RecordT], subject: Subject, record_id: UUID, *conditions: ColumnElement[bool]
) -> RecordT:
    """The record of that id, locked until the transaction ends.

    Raises:
        ForbiddenError: The caller sees it, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    statement = _by_id(model, subject, record_id, *conditions)
    return await only_to_change(session, statement, statement.with_for_update(of=model), _name(model), "creator")


async def only(session: AsyncSession, statement: Select[RowT], name: str) -> RowT:
    """The row that a statement selects.

    Raises:
        NotFoundError: There is none, or the caller may not see it.
    """
    found: RowT | None = await session.scalar(statement)
    if found is None:
        raise NotFoundError(f"There is no such {name}.")
    return found


async def only_to_change(
    session: AsyncSession, seen: Select[RowT], locked: Select[RowT], name: str, owner: str
) -> RowT:
    """The row that `locked` selects for update, and `seen` without.

    Raises:
        ForbiddenError: The caller sees it, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    found: RowT | None = await session.scalar(locked)
    if found is not None:
        return found
    await only(session, seen, name)
    raise ForbiddenError(f"Only its {owner}, or an administrator of its organization, changes this {name}.")


def _name(model: type[Any]) -> str:
    return model.__name__.lower()


def _by_id(
    model: type[RecordT], subject: Subject, record_id: UUID, *conditions: ColumnElement[bool]
) -> Select[RecordT]:
    return select(model).where(model.tenant_id.in_(_tenants(subject)), model.id == record_id, *conditions)


def _tenants(subject: Subject) -> Sequence[UUID]:
    """The tenants that a visible record can belong to."""
    return sorted({subject.tenant_id, PLATFORM_TENANT_ID})
