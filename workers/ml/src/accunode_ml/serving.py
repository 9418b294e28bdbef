"""Which model version serves, and by what a tenant is graded."""

from uuid import UUID

from sqlalchemy.orm import Session

from accunode_credit.champion import Registry
from accunode_credit.grading import Grading, grading_of
from accunode_ml.repositories import model_versions, tenants
from accunode_ml.runtime import Runtime


def grading(session: Session, tenant_id: UUID) -> Grading:
    """The tenant's master scale, its own or the default, and its central tendencies."""
    return grading_of(tenants.grading(session, tenant_id))


def model_registry(session: Session, runtime: Runtime) -> Registry:
    """The model registry, with the worker's versions even where no service has registered them yet."""
    return model_versions.find_all(session).with_all_of(runtime.models)
