"""The declarative base and what most tables share."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Select, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from accunode_common.ids import new_id

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every table; `info` of a table carries its policies and grants (see `accunode_common.db.access`)."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    resource_types: ClassVar[tuple[str, ...]] = ()
    """The names under which the API shows its rows, where a stored reply may show one."""
    type_annotation_map: ClassVar[dict[type, DateTime]] = {datetime: DateTime(timezone=True)}


def resource_by_id(resource_type: str | None, resource_id: UUID) -> Select[tuple[UUID]] | None:
    """The query that finds a row that the API shows as `resource_type`; None where no table has the name."""
    for mapper in Base.registry.mappers:
        if resource_type in mapper.class_.resource_types:
            key = mapper.class_.id
            return select(key).where(key == resource_id)
    return None


class Identified:
    """A single-column identifier, for tables that belong to no tenant."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class TenantOwned:
    """A row of one tenant: its key leads with the tenant, and so do the foreign keys that point at it."""

    @declared_attr
    def tenant_id(cls) -> Mapped[UUID]:  # noqa: N805
        return mapped_column(primary_key=True, sort_order=-2)

    @declared_attr
    def id(cls) -> Mapped[UUID]:  # noqa: N805
        return mapped_column(primary_key=True, default=new_id, sort_order=-1)


class Timestamped:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=100)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now(), sort_order=101)


class Versioned(Timestamped):
    """Adds a counter that every change raises; it is the resource's entity tag and guards against lost updates."""

    version: Mapped[int] = mapped_column(server_default="1", sort_order=102)
