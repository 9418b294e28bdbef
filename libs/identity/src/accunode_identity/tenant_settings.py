"""What a tenant decides for itself. The tenants service changes it; every service that obeys it reads it here."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from accunode_identity.second_factor import SecondFactorRule

ContactEmail = Annotated[
    str | None,
    Field(description="Whom to write to about the account.", examples=["credit-systems@first-national.example"]),
]
SessionIdleMinutes = Annotated[
    int | None,
    Field(
        description="After so many minutes without a refresh, people who work here sign in anew; null, or more than the"
        " platform allows, leaves it to the platform.",
        examples=[480],
    ),
]
SessionLifetimeHours = Annotated[
    int | None,
    Field(
        description="After so many hours, people who work here sign in anew however often they refreshed; null, or more"
        " than the platform allows, leaves it to the platform.",
        examples=[12],
    ),
]


class TenantSettings(BaseModel):
    """A tenant's own rules, with defaults for what it did not decide."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)

    default_seats: int = Field(default=50, ge=1, le=100_000, description="The seats of a new organization.")
    contact_email: ContactEmail = Field(default=None, max_length=254)
    session_idle_minutes: SessionIdleMinutes = Field(default=None, ge=15, le=43_200)
    session_lifetime_hours: SessionLifetimeHours = Field(default=None, ge=1, le=8_760)
    second_factor: SecondFactorRule = Field(
        default=SecondFactorRule(), description="Who must have a second factor to work in the tenant."
    )
    managed_accounts: bool = Field(
        default=False,
        description="Whether the tenant manages the accounts of people who join: whoever is invited from now on is "
        "asked to accept it.",
    )


def settings_of(stored: Mapping[str, Any]) -> TenantSettings:
    """The settings that a tenant's row holds; what is not known any more is passed over."""
    return TenantSettings.model_validate(
        {name: value for name, value in stored.items() if name in TenantSettings.model_fields}
    )
