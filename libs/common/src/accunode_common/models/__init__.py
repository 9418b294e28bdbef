"""The shared schema, one module per database schema, and one for what all services read of `identity`."""

from accunode_common.db.base import Base
from accunode_common.models import (
    audit,
    federation,
    identity,
    invitations,
    ops,
    passkeys,
    provisioning,
    revocations,
    tenancy,
)

SCHEMAS = ("identity", "tenancy", "credit", "bulk", "registry", "audit", "ops")

metadata = Base.metadata

__all__ = [
    "SCHEMAS",
    "audit",
    "federation",
    "identity",
    "invitations",
    "metadata",
    "ops",
    "passkeys",
    "provisioning",
    "revocations",
    "tenancy",
]
