"""Which model version serves, and on which master scale a tenant is graded."""

from uuid import UUID

from sqlalchemy.orm import Session

from accunode_credit.champion import Registry
from accunode_credit.master_scale import parse
from accunode_ml.repositories import model_versions, tenants
from accunode_ml.runtime import Runtime
from accunode_scoring import MasterScale


def master_scale(session: Session, tenant_id: UUID) -> MasterScale:
    """The tenant's own master scale, or the default."""
    return parse(tenants.master_scale(session, tenant_id))


def model_registry(session: Session, runtime: Runtime) -> Registry:
    """The model registry, with the worker's versions even where no service has registered them yet."""
    return model_versions.find_all(session).with_all_of(runtime.models)
