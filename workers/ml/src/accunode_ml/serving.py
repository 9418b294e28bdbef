"""Which model version serves, and on which master scale a tenant is graded."""

from uuid import UUID

from sqlalchemy.orm import Session

from accunode_credit.champion import Version, in_use, serving
from accunode_credit.master_scale import parse, stored_scale
from accunode_credit.models.registry import ModelStatus
from accunode_ml.runtime import Runtime
from accunode_scoring import Kind, MasterScale


def master_scale(session: Session, tenant_id: UUID) -> MasterScale:
    """The tenant's own master scale, or the default."""
    return parse(session.scalar(stored_scale(tenant_id)))


def champion_version(session: Session, kind: Kind) -> str | None:
    """The registry's champion."""
    found = _in_use(session, kind, ModelStatus.CHAMPION)
    return None if found is None else found.version


def challenger_of(session: Session, kind: Kind) -> Version | None:
    """The registry's challenger, if there is one."""
    return _in_use(session, kind, ModelStatus.CHALLENGER)


def serving_version(session: Session, runtime: Runtime, kind: Kind) -> str:
    """The registry's champion, or else the library's."""
    return champion_version(session, kind) or runtime.models.champion(kind).version


def _in_use(session: Session, kind: Kind, status: ModelStatus) -> Version | None:
    return serving(session.execute(in_use(kind)).all()).get((kind, status))
