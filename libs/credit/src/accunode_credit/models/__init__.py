"""The tables of the credit domain, one module per schema and purpose; importing it declares the whole database."""

from accunode_common.models import SCHEMAS, metadata
from accunode_credit.models import bulk, credit, levels, registry, validation

__all__ = ["SCHEMAS", "bulk", "credit", "levels", "metadata", "registry", "validation"]
