"""How tables store a kind: as text, which is read as the enumeration."""

from typing import Any

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from accunode_scoring import Kind

_KINDS = {kind.value: kind for kind in Kind}
"""To ask the enumeration takes ten times as long, for each row that is read."""


class KindText(TypeDecorator[Kind]):
    """Text that holds a kind; rows have it as `Kind`, so that nobody converts it."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Kind | None:  # noqa: ARG002
        """The kind that was stored."""
        return None if value is None else _KINDS[value]
