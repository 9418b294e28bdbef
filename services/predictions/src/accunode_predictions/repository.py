"""Reading and locking the records that several people share: what may not be seen is 404, what may not be done 403."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.errors import ForbiddenError, NotFoundError
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_credit.models.credit import Company, Outcome, Prediction

RecordT = TypeVar("RecordT", Company, Prediction, Outcome)


def tenants_in_reach(subject: Subject) -> Sequence[UUID]:
    """The tenants that a visible record can belong to, for the index; row-level security decides the rest."""
    return sorted({subject.tenant_id, PLATFORM_TENANT_ID})


async def find(
    session: AsyncSession, model: type[RecordT], subject: Subject, record_id: UUID, *conditions: ColumnElement[bool]
) -> RecordT:
    """The record of that id.

    Raises:
        NotFoundError: There is none, or the caller may not see it.
    """
    found = await session.scalar(_by_id(model, subject, record_id, *conditions))
    if found is None:
        raise NotFoundError(f"There is no such {_name(model)}.")
    return found


async def find_to_change(
    session: AsyncSession, model: type[RecordT], subject: Subject, record_id: UUID, *conditions: ColumnElement[bool]
) -> RecordT:
    """The record of that id, locked until the transaction ends.

    Raises:
        ForbiddenError: The caller sees it, but may not change it.
        NotFoundError: There is none, or the caller may not see it.
    """
    statement = _by_id(model, subject, record_id, *conditions)
    locked = await session.scalar(statement.with_for_update(of=model))
    if locked is not None:
        return locked
    await find(session, model, subject, record_id, *conditions)
    raise ForbiddenError(f"Only its creator, or an administrator of its organization, changes this {_name(model)}.")


def _name(model: type[RecordT]) -> str:
    return model.__name__.lower()


def _by_id(
    model: type[RecordT], subject: Subject, record_id: UUID, *conditions: ColumnElement[bool]
) -> Select[RecordT]:
    return select(model).where(model.tenant_id.in_(tenants_in_reach(subject)), model.id == record_id, *conditions)
