"""Read and lock records as their callers may: what may not be seen is 404, what may not be done is 403.

Row-level security decides who sees and changes them (`accunode_common.db.access.policies_of_record`); the conditions
here let it use the indexes. Selecting for update shows what may be changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Reach
from accunode_common.errors import ForbiddenError, NotFoundError
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.columns import AccessLevel
from accunode_common.models.tenancy import Organization
from accunode_credit.bands import BANDS
from accunode_credit.models.credit import Company, Count, Outcome, Prediction

RecordModel = type[Company] | type[Prediction] | type[Outcome]
RecordT = TypeVar("RecordT", Company, Prediction, Outcome)
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class AnyCaller:
    """A caller whose ids are bound parameters, for statements that are built once.

    Attributes:
        read_reach: How far it reads, which makes another statement.
    """

    read_reach: Reach
    tenant_id: ClassVar[BindParameter[UUID]] = bindparam("caller_tenant_id", type_=Uuid)
    user_id: ClassVar[BindParameter[UUID]] = bindparam("caller_user_id", type_=Uuid)
    organization_id: ClassVar[BindParameter[UUID | None]] = bindparam("caller_organization_id", type_=Uuid)

    @staticmethod
    def values(subject: Subject) -> dict[str, UUID | None]:
        """The values that stand for a caller."""
        return {
            "caller_tenant_id": subject.tenant_id,
            "caller_user_id": subject.user_id,
            "caller_organization_id": subject.organization_id,
        }


Caller = Subject | AnyCaller


def own_scopes(subject: Caller, level: AccessLevel | None = None) -> FromClause:
    """The scopes whose records are the caller's own or its organization's: groups of a list, see `paginate`."""
    return union_all(*_own_scopes(subject, level)).subquery("scopes")


def system_scope(subject: Caller) -> FromClause:
    """The scope of the records that the platform shares with the caller; none where sharing is off."""
    return _system_scope(subject).subquery("scopes")


def visible_scopes(subject: Caller, level: AccessLevel | None) -> FromClause:
    """The scopes of everything that the caller sees, or sees of one access level."""
    if level is AccessLevel.SYSTEM:
        return system_scope(subject)
    shared = [_system_scope(subject)] if level is None else []
    return union_all(*_own_scopes(subject, level), *shared).subquery("scopes")


def by_band(scopes: FromClause) -> FromClause:
    """The scopes, each once for every band of the probability of default."""
    band = cast(func.generate_series(BANDS.start, BANDS.stop - 1), Prediction.pd_band.type)
    return select(*scopes.c, band.label(Prediction.pd_band.name)).subquery("groups")


def _own_scopes(subject: Caller, level: AccessLevel | None) -> list[Select[UUID, UUID]]:
    scopes = []
    if level is not AccessLevel.ORGANIZATION:
        scopes.append(select(*_scope(subject.tenant_id, subject.user_id)))
    if level is not AccessLevel.PERSONAL and subject.read_reach is Reach.TENANT:
        of_tenant = select(*_scope(Organization.tenant_id, Organization.id))
        scopes.append(of_tenant.where(Organization.tenant_id == subject.tenant_id))
    elif level is not AccessLevel.PERSONAL:
        scopes.append(select(*_scope(subject.tenant_id, subject.organization_id)))
    return scopes


def _system_scope(subject: Caller) -> Select[UUID, UUID]:
    scope = select(*_scope(PLATFORM_TENANT_ID, PLATFORM_TENANT_ID))
    if subject.read_reach is Reach.PLATFORM:
        return scope
    own = (Organization.tenant_id == subject.tenant_id, Organization.id == subject.organization_id)
    return scope.where(select(Organization.id).where(*own, Organization.global_data_access).exists())


def _scope(tenant_id: Any, scope_id: Any) -> tuple[ColumnElement[UUID], ColumnElement[UUID]]:
    return (
        type_coerce(tenant_id, Company.tenant_id.type).label(Company.tenant_id.name),
        type_coerce(scope_id, Company.scope_id.type).label(Company.scope_id.name),
    )


def own_records(model: RecordModel | type[Count], subject: Caller) -> ColumnElement[bool]:
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
    return select(model).where(model.tenant_id.in_(tenants_of(subject)), model.id == record_id, *conditions)


def tenants_of(subject: Subject) -> Sequence[UUID]:
    """The tenants that a visible record can belong to."""
    return sorted({subject.tenant_id, PLATFORM_TENANT_ID})
