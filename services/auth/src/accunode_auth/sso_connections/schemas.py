"""Single sign-on's set-up, as clients see it."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from accunode_common.emails import EmailAddress, email_key
from accunode_common.schemas import CreatedAt, InputModel, ResponseModel, TenantId, UpdatedAt, UtcTime, Version

ProviderRole = Literal["tenant_admin", "org_admin", "org_member"]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, Field(description="What people are shown.", examples=["First National sign-in"])]
Issuer = Annotated[
    str,
    Field(
        description="The provider's issuer, exactly as its metadata writes it.",
        examples=["https://login.first-national.example/realms/bank"],
    ),
]
ClientId = Annotated[str, Field(description="This product's name at the provider.", examples=["accunode"])]
Scope = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")]
Scopes = Annotated[
    list[Scope],
    Field(max_length=20, description="What is asked for beside `openid`.", examples=[["profile", "email", "groups"]]),
]
VerifiedClaim = Annotated[
    str,
    Field(
        description="The claim that says whether the address is the person's: true where it is.",
        examples=["email_verified"],
    ),
]
RoleClaim = Annotated[
    str | None,
    Field(description="The claim that decides the role of an account that the tenant manages.", examples=["groups"]),
]
OrganizationClaim = Annotated[
    str | None, Field(description="The claim that decides the organization of such an account.", examples=["groups"])
]
DefaultRole = Annotated[
    ProviderRole | None,
    Field(description="The role of people whom no value fits; null lets none of them in.", examples=["org_member"]),
]
DefaultOrganization = Annotated[
    UUID | None, Field(description="The organization of people whom no value fits; null for none.")
]
JustInTime = Annotated[
    bool,
    Field(
        description="Whether people of the tenant's confirmed mail domains get accounts that the tenant manages, and "
        "whether the memberships of such accounts follow the claims.",
        examples=[True],
    ),
]
Enforced = Annotated[
    bool,
    Field(
        description="Whether people whose accounts the tenant manages sign in through the provider only. Its "
        "administrators may still do so with a second factor of their own, for when the provider fails.",
        examples=[False],
    ),
]
Enabled = Annotated[bool, Field(description="Whether anybody can sign in through the provider.")]


class RoleValue(InputModel):
    """A value of the role claim and the role that it gives."""

    value: Text = Field(description="One of the claim's values.", examples=["accunode-admins"])
    role: ProviderRole = Field(description="Where several values fit, the highest role counts.", examples=["org_admin"])


class OrganizationValue(InputModel):
    """A value of the organization claim and the organization that it leads to."""

    value: Text = Field(description="One of the claim's values.", examples=["corporate-credit"])
    organization_id: UUID = Field(description="One of the tenant's organizations; people can be in several.")


class ConnectionIn(InputModel):
    """A tenant's provider and what its claims are worth."""

    name: Annotated[Name, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
    issuer: Annotated[Issuer, StringConstraints(min_length=8, max_length=500, pattern=r"^https?://[\x21-\x7e]+$")]
    client_id: Annotated[ClientId, StringConstraints(min_length=1, max_length=300, pattern=r"^[\x20-\x7e]+$")]
    client_secret: SecretStr | None = Field(
        default=None,
        min_length=8,
        max_length=1000,
        description="What the provider gave for the client; never shown again. Null keeps the one that is kept.",
        examples=["kR2tVq8mZ1xW5yN9pL3c"],
    )
    scopes: Scopes = ["profile", "email"]
    verified_claim: Annotated[VerifiedClaim, StringConstraints(min_length=1, max_length=200)] = "email_verified"
    role_claim: Annotated[RoleClaim, Field(min_length=1, max_length=200)] = None
    role_values: list[RoleValue] = Field(default=[], max_length=200, description="Roles by the claim's values.")
    organization_claim: Annotated[OrganizationClaim, Field(min_length=1, max_length=200)] = None
    organization_values: list[OrganizationValue] = Field(
        default=[], max_length=1000, description="Organizations by the claim's values."
    )
    default_role: DefaultRole = None
    default_organization_id: DefaultOrganization = None
    just_in_time: JustInTime = False
    enforced: Enforced = False
    enabled: Enabled = True

    @model_validator(mode="after")
    def _gives_something(self) -> Self:
        if self.default_role is None and not (self.role_claim and self.role_values):
            raise PydanticCustomError("no_role", "Name a default role, or a role claim and its values.")
        return self


class ConnectionOut(ResponseModel):
    """A tenant's provider, without the client's secret."""

    tenant_id: TenantId
    name: Name
    issuer: Issuer
    client_id: ClientId
    scopes: Scopes
    verified_claim: VerifiedClaim
    role_claim: RoleClaim
    role_values: list[RoleValue] = Field(description="Roles by the claim's values.")
    organization_claim: OrganizationClaim
    organization_values: list[OrganizationValue] = Field(description="Organizations by the claim's values.")
    default_role: DefaultRole
    default_organization_id: DefaultOrganization
    just_in_time: JustInTime
    enforced: Enforced
    enabled: Enabled
    discovered_at: UtcTime = Field(description="When the provider's metadata was read; saving reads it again.")
    start_url: str = Field(
        description="Where people begin to sign in.",
        examples=["https://accunode.example/api/v1/auth/sso/first-national/start"],
    )
    redirect_uri: str = Field(
        description="What the provider must know as the client's redirect URI.",
        examples=["https://accunode.example/api/v1/auth/sso/callback"],
    )
    backchannel_logout_uri: str = Field(
        description="What the provider may know as the client's back-channel logout URI.",
        examples=["https://accunode.example/api/v1/auth/sso/first-national/backchannel-logout"],
    )
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


_address = TypeAdapter[str](EmailAddress)


def _domain(text: str) -> str:
    try:
        return email_key(_address.validate_python(f"a@{text}")).partition("@")[2]
    except ValidationError:
        raise PydanticCustomError("domain", "This is not a mail domain.") from None


DomainName = Annotated[
    str, Field(description="A mail domain, without its subdomains.", examples=["first-national.example"])
]
GivenDomain = Annotated[DomainName, StringConstraints(min_length=3, max_length=250), AfterValidator(_domain)]


class DomainIn(InputModel):
    """A mail domain that the tenant says is its own."""

    domain: GivenDomain


class DomainOut(ResponseModel):
    """A mail domain of a tenant."""

    tenant_id: TenantId
    domain: DomainName
    proof: str = Field(
        description="Publish it as a TXT record of `_accunode.<domain>`; the platform looks there before it confirms.",
        examples=["accunode-domain=3uT8kQ1vX6zR9mW2"],
    )
    confirmed_at: UtcTime | None = Field(description="Since when the domain counts; null until it is confirmed.")
    created_at: CreatedAt


class DomainConfirmation(InputModel):
    """Whose domain it is."""

    tenant_id: UUID = Field(description="The tenant that showed the domain to be its own.")
