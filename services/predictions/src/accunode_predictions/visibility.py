"""What a caller's lists start from. Row-level security decides; these conditions let it use the indexes."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.db.session import Reach
from accunode_common.errors import ForbiddenError
from accunode_common.ids import PLATFORM_TENANT_ID
from accunode_common.models.columns import AccessLevel
from accunode_credit.models.credit import Company, Outcome, Prediction

RecordModel = type[Company] | type[Prediction] | type[Outcome]


def own_records(model: RecordModel, subject: Subject) -> ColumnElement[bool]:
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


def scope_of(subject: Subject, level: AccessLevel) -> UUID:
    """Whose records a new one of `level` joins: the creator's, its organization's or the platform's.

    Raises:
        ForbiddenError: The caller may not create records of that level.
    """
    if level is AccessLevel.PERSONAL:
        return subject.user_id
    if level is AccessLevel.ORGANIZATION:
        if subject.organization_id is None:
            raise ForbiddenError("Only members of an organization create its records.")
        return subject.organization_id
    if not subject.may(Permission.SYSTEM_RECORD_WRITE):
        raise ForbiddenError("Only the platform's administrators create system records.")
    return subject.tenant_id
