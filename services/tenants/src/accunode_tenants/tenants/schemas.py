"""Tenants, as clients see them."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from accunode_common.models.tenancy import TenantStatus
from accunode_common.names import clean_name
from accunode_common.schemas import CreatedAt, InputModel, ResponseModel, UpdatedAt, UtcTime
from accunode_identity.schemas import InvitationOut
from accunode_identity.second_factor import GraceDays, RequiredRoles
from accunode_identity.tenant_settings import ContactEmail, SessionIdleMinutes, SessionLifetimeHours, TenantSettings
from accunode_tenants.admins.schemas import AdminIn
from accunode_tenants.partial_update import Change
from accunode_tenants.tenants.master_scale import EXAMPLE, GradeOut, MasterScaleIn

TenantName = Annotated[
    str, Field(description="The institution's name, unique among tenants.", examples=["First National Bank"])
]
Name = Annotated[TenantName, StringConstraints(min_length=1, max_length=200), AfterValidator(clean_name)]
Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"),
    Field(description="A short name for addresses.", examples=["first-national"]),
]


class TenantIn(InputModel):
    """A new tenant."""

    name: Name
    slug: Slug | None = Field(default=None, description="A short name for addresses, made from the name if left out.")
    settings: TenantSettings = Field(default=TenantSettings(), description="What the tenant decides for itself.")
    admin: AdminIn | None = Field(default=None, description="Whom to invite as its first administrator.")


class TenantChange(Change):
    """Changes to a tenant."""

    emptied: ClassVar[frozenset[str]] = frozenset({"master_scale"})

    name: Name | None = Field(default=None, description="Unique among tenants; only the platform changes it.")
    settings: TenantSettings | None = Field(default=None, description="Replaces all of the tenant's settings.")
    status: Literal[TenantStatus.ACTIVE, TenantStatus.SUSPENDED] | None = Field(
        default=None, description="Only the platform changes it. `active` brings a deleted tenant back."
    )
    master_scale: MasterScaleIn | None = Field(
        default=None,
        description="The tenant's own grades, from best to worst, each with its risk level; null goes back to the "
        "default ones, which `GET /api/v1/models/master-scale` shows. What is scored from then on is graded on it; "
        "what is stored keeps its grade and level until `POST /api/v1/portfolio/rescore` grades it, and the "
        "earlier ones in its versions after that.",
    )


class SecondFactorOut(ResponseModel):
    """Who must have a second factor."""

    required_roles: RequiredRoles
    grace_days: GraceDays


class SettingsOut(ResponseModel):
    """What a tenant decides for itself."""

    default_seats: int = Field(description="The seats of a new organization.", examples=[50])
    contact_email: ContactEmail
    session_idle_minutes: SessionIdleMinutes
    session_lifetime_hours: SessionLifetimeHours
    second_factor: SecondFactorOut = Field(description="Who must have a second factor to work in the tenant.")
    managed_accounts: bool = Field(
        description="Whether whoever is invited from now on is asked to let the tenant manage the account.",
        examples=[False],
    )


class TenantOut(ResponseModel):
    """A tenant."""

    id: UUID = Field(description="The `tenant_id` of what it holds.")
    name: TenantName
    slug: str = Field(description="A short name for addresses, unique among tenants.", examples=["first-national"])
    status: TenantStatus = Field(description="`suspended` and `deleted` keep everybody in it out.")
    settings: SettingsOut = Field(description="What the tenant decides for itself.")
    master_scale: list[GradeOut] | None = Field(
        description="The tenant's own grades; null where the default ones serve.", examples=[EXAMPLE]
    )
    users: int = Field(description="People with a membership in it.", examples=[42])
    organizations: int = Field(description="Organizations that are not deleted.", examples=[3])
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: UtcTime | None = Field(description="When it was deleted; null while it is not.", examples=[None])
    purge_after: UtcTime | None = Field(
        description="Until when a deleted tenant's data is kept for it to come back; an operator removes it after "
        "that.",
        examples=[None],
    )


class TenantCreated(TenantOut):
    """A new tenant and the invitation of its first administrator."""

    invitation: InvitationOut | None = Field(
        description="The invitation of its first administrator; null if none was named."
    )


class TenantStats(ResponseModel):
    """How much a tenant holds, personal records included."""

    users: int = Field(description="People with a membership in it.", examples=[42])
    organizations: int = Field(description="Organizations that are not deleted.", examples=[3])
    companies: int = Field(description="Companies, whoever sees them.", examples=[1250])
    predictions: int = Field(description="Stored predictions of every kind.", examples=[8410])
    jobs: int = Field(description="Background jobs of every type and state.", examples=[57])
    storage_bytes: int = Field(description="Bytes of the uploaded files.", examples=[48_318_382])
    last_activity_at: UtcTime | None = Field(description="The newest event of the audit trail.")
