"""Tenants, as clients see them."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from accunode_common.http.schemas import InputModel, ResponseModel, UtcTime
from accunode_common.models.tenancy import TenantStatus
from accunode_common.names import clean_name
from accunode_tenants.changes import Change
from accunode_tenants.people.schemas import NewPerson
from accunode_tenants.tenants.master_scale import GradeOut, MasterScaleIn

Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(clean_name)]
Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"),
    Field(description="A short name for addresses.", examples=["first-national"]),
]


class TenantSettings(InputModel):
    """What a tenant decides for itself."""

    default_seats: int = Field(default=50, ge=1, le=100_000, description="The seats of a new organization.")
    contact_email: str | None = Field(default=None, max_length=254, description="Whom to write to about the account.")


class TenantIn(InputModel):
    """A new tenant."""

    name: Name = Field(examples=["First National Bank"])
    slug: Slug | None = Field(default=None, description="Made from the name if left out.")
    settings: TenantSettings = TenantSettings()
    admin: NewPerson | None = Field(default=None, description="Its first administrator.")


class TenantChange(Change):
    """Changes to a tenant."""

    emptied: ClassVar[frozenset[str]] = frozenset({"master_scale"})

    name: Name | None = None
    settings: TenantSettings | None = None
    status: Literal[TenantStatus.ACTIVE, TenantStatus.SUSPENDED] | None = Field(
        default=None, description="Only the platform changes it. `active` brings a deleted tenant back."
    )
    master_scale: MasterScaleIn | None = Field(
        default=None,
        description="The tenant's own grades, from best to worst; null goes back to the default ones. What is scored "
        "from then on is graded on it; `POST /api/v1/portfolio/rescore` grades what is stored.",
    )


class SettingsOut(ResponseModel):
    """What a tenant decides for itself."""

    default_seats: int
    contact_email: str | None


class TenantOut(ResponseModel):
    """A tenant."""

    id: UUID
    name: str
    slug: str
    status: TenantStatus
    settings: SettingsOut
    master_scale: list[GradeOut] | None = Field(
        description="The tenant's own grades; null where the default ones serve."
    )
    users: int = Field(description="People with a membership in it.")
    organizations: int
    created_at: UtcTime
    updated_at: UtcTime
    deleted_at: UtcTime | None
    purge_after: UtcTime | None = Field(
        description="Until when a deleted tenant's data is kept for it to come back; an operator removes it after that."
    )


class TenantCreated(TenantOut):
    """A new tenant and its first administrator."""

    admin_user_id: UUID | None


class TenantStats(ResponseModel):
    """How much a tenant holds, personal records included."""

    users: int
    organizations: int
    companies: int
    predictions: int
    jobs: int
    storage_bytes: int = Field(description="Of the uploaded files.")
    last_activity_at: UtcTime | None = Field(description="The newest event of the audit trail.")
