"""Partial updates: what is left out stays, and little can be emptied."""

from typing import Any, ClassVar, Self

from pydantic import model_validator

from accunode_common.schemas import InputModel


class Change(InputModel):
    """Changes to a resource: at least one field, and none of them null but those that can be emptied."""

    emptied: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Name at least one field to change.")
        for name in self.model_fields_set - self.emptied:
            if getattr(self, name) is None:
                raise ValueError(f"`{name}` cannot be null; leave it out to keep it.")
        return self

    def values(self) -> dict[str, Any]:
        """The fields to change."""
        return self.model_dump(exclude_unset=True)
