"""The shared schema, one module per database schema."""

from accunode_common.db.base import Base
from accunode_common.models import audit, bulk, credit, identity, ops, registry, tenancy

SCHEMAS = ("identity", "tenancy", "credit", "bulk", "registry", "audit", "ops")

metadata = Base.metadata

__all__ = ["SCHEMAS", "audit", "bulk", "credit", "identity", "metadata", "ops", "registry", "tenancy"]
