"""The bases of request and response models."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Item = TypeVar("Item")


class InputModel(BaseModel):
    """What a client sends: unknown fields, NaN and infinities are refused, and text is trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class ResponseModel(BaseModel):
    """What a client gets. Its fields have no defaults, so that every one is always there."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        """Refuse a field with a default when the class is made."""
        super().__pydantic_init_subclass__(**kwargs)
        loose = [name for name, field in cls.model_fields.items() if not field.is_required()]
        if loose:
            raise TypeError(f"{cls.__name__} has response fields with defaults: {', '.join(loose)}")


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


UtcTime = Annotated[datetime, AfterValidator(_in_utc)]
"""A moment, rendered in UTC as RFC 3339."""

TenantId = Annotated[UUID, Field(description="The tenant that it belongs to.")]
OrganizationId = Annotated[UUID | None, Field(description="The organization that it belongs to; null outside of one.")]
CreatedBy = Annotated[UUID, Field(description="Who made it.")]
CreatedAt = Annotated[UtcTime, Field(description="When it was made.", examples=["2026-01-12T08:15:00Z"])]
UpdatedAt = Annotated[UtcTime, Field(description="When it last changed.")]
Version = Annotated[int, Field(description="Rises with every change; the ETag.", examples=[1])]
"""What most replies say of a resource."""


class Page(ResponseModel, Generic[Item]):
    """Part of a list."""

    items: list[Item] = Field(description="In the order that was asked for, at most `limit`.")
    next_cursor: str | None = Field(
        description="What to send as `cursor` for the next part; null at the end.",
        examples=["WyI0ZjNhOTFjMmQ3ZTg2MGI1IiwiMDE5MmQ2ZDQtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDBiZWVmIl0"],
    )
    total: int | None = Field(description="The size of the whole list, if `with_total` asked for it.", examples=[137])
