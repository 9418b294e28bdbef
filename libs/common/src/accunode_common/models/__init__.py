"""The shared schema, one module per database schema, and one for what all services read of `identity`."""

from accunode_common.db.base import Base
from accunode_common.models import (
    audit,
    bulk,
    credit,
    federation,
    identity,
    invitations,
    ops,
    passkeys,
    provisioning,
    registry,
    revocations,
    tenancy,
)

SCHEMAS = ("identity", "tenancy", "credit", "bulk", "registry", "audit", "ops")

metadata = Base.metadata

__all__ = [
    "SCHEMAS",
    "audit",
    "bulk",
    "credit",
    "federation",
    "identity",
    "invitations",
    "metadata",
    "ops",
    "passkeys",
    "provisioning",
    "registry",
    "revocations",
    "tenancy",
]
