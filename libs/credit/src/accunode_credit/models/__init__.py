"""The tables of the credit domain, one module per database schema; importing it declares the whole database."""

from accunode_common.models import SCHEMAS, metadata
from accunode_credit.models import bulk, credit, registry

__all__ = ["SCHEMAS", "bulk", "credit", "metadata", "registry"]
