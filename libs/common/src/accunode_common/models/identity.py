"""People, what they may do where, and how they prove who they are."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, INET
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from accunode_common.db.access import (
    IN_TENANT,
    ORGANIZATION,
    PLATFORM_TENANT,
    READ_REACH,
    READS_PLATFORM,
    TENANT,
    USER,
    WRITE_REACH,
    WRITES_PLATFORM,
    Command,
    DatabaseRole,
    Policy,
    access,
    read_write,
)
from accunode_common.db.base import Base, Identified, TenantOwned, Timestamped, Versioned
from accunode_common.models.columns import one_of

OWN_ROWS = f"user_id = {USER}"
SEES_OTHERS = f"{READ_REACH} in ('organization', 'tenant', 'platform')"
USER_IN_SIGHT = "exists (select 1 from identity.memberships m where m.user_id = {column})"
SIGN_IN_COLUMNS = (
    "id",
    "email_key",
    "password_hash",
    "status",
    "failed_sign_ins",
    "locked_until",
    "email_verified_at",
)
PROFILE_COLUMNS = (
    "id",
    "email",
    "email_key",
    "email_verified_at",
    "full_name",
    "status",
    "last_sign_in_at",
    "managed_by_tenant_id",
    "created_at",
    "version",
)
ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
MEMBERSHIP_GRANTS = ("SELECT", "INSERT", "UPDATE EXCEPT (tenant_id, id, user_id, created_at)", "DELETE")
OWN_ADDRESS = f"""
(select u.email_key from identity.users u
    where u.id = {USER} and u.email_verified_at is not null and u.status = 'active')
""".strip()
"""The address that the transaction's person has shown to be theirs; null for anybody else."""
ADMINISTERED = (
    f"{WRITES_PLATFORM} or ({IN_TENANT} and (({WRITE_REACH} = 'tenant' and role <> 'super_admin')"
    f" or ({WRITE_REACH} = 'organization' and organization_id = {ORGANIZATION}"
    " and role in ('org_admin', 'org_member'))))"
)
"""Rows of a place and a role, for whoever administers the place: the platform, a tenant, or an organization."""
MANAGED = f"({WRITE_REACH} = 'tenant' and managed_by_tenant_id = {TENANT})"
ROLE_FITS_PLACE = f"""
case role
    when 'super_admin' then tenant_id = {PLATFORM_TENANT} and organization_id is null
    when 'tenant_admin' then tenant_id <> {PLATFORM_TENANT} and organization_id is null
    when 'user' then organization_id is null
    else organization_id is not null
end
""".strip()


class UserStatus(StrEnum):
    """Whether a person may sign in."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    ANONYMISED = "anonymised"


class MembershipStatus(StrEnum):
    """Whether a membership can be worked in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class RoleName(StrEnum):
    """The five tiers, as stored."""

    SUPER_ADMIN = "super_admin"
    TENANT_ADMIN = "tenant_admin"
    ORG_ADMIN = "org_admin"
    ORG_MEMBER = "org_member"
    USER = "user"


class TokenPurpose(StrEnum):
    """What a one-time token proves."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"
    MFA_CHALLENGE = "mfa_challenge"
    ENROLMENT = "enrolment"
    CHANGE_EMAIL = "change_email"


class AuthenticationMethod(StrEnum):
    """How a person showed who they are; the names of RFC 8176 where it has one."""

    PASSWORD = "pwd"
    ONE_TIME_PASSWORD = "otp"
    RECOVERY_CODE = "recovery_code"
    PASSKEY = "passkey"
    SINGLE_SIGN_ON = "sso"
    MULTI_FACTOR = "mfa"
    """The tenant's own identity provider says that it asked for a second factor."""


SECOND_FACTORS = frozenset(
    {
        AuthenticationMethod.ONE_TIME_PASSWORD,
        AuthenticationMethod.RECOVERY_CODE,
        AuthenticationMethod.PASSKEY,
        AuthenticationMethod.MULTI_FACTOR,
    }
)
"""The methods that stand for a second factor; a passkey is used with the device's own verification of the person."""


_user_in_sight = USER_IN_SIGHT.format(column="users.id")


class User(Identified, Versioned, Base):
    """A person. What the person may do is in the memberships.

    An account is its owner's. Administrators see the people of their places and change nothing of them; the platform,
    and the tenant that the owner accepted as manager, may lock, unlock, deactivate and, for good, anonymise. A trigger
    keeps credentials personal: only the person's own transaction sets a password, changes the address or its
    verification, or lets a tenant manage the account.
    """

    __tablename__ = "users"
    __table_args__ = (
        one_of("status", UserStatus),
        {
            "schema": "identity",
            "info": access(
                (
                    Policy(
                        "reads",
                        Command.SELECT,
                        using=f"id = {USER} or {READS_PLATFORM} or ({SEES_OTHERS} and {_user_in_sight})",
                    ),
                    Policy("inserts", Command.INSERT, check=f"id = {USER} or {WRITES_PLATFORM}"),
                    Policy(
                        "updates",
                        Command.UPDATE,
                        using=f"id = {USER} or {WRITES_PLATFORM} or ({MANAGED} and {_user_in_sight})",
                    ),
                    Policy("signs_in", Command.SELECT, using="true", roles=(DatabaseRole.SIGN_IN,)),
                ),
                {
                    DatabaseRole.AUTH: ("SELECT", "INSERT", "UPDATE EXCEPT (id, created_at)"),
                    DatabaseRole.TENANTS: (
                        f"SELECT ({', '.join(PROFILE_COLUMNS)})",
                        "UPDATE (managed_by_tenant_id, updated_at, version)",
                    ),
                    DatabaseRole.SIGN_IN: (f"SELECT ({', '.join(SIGN_IN_COLUMNS)})",),
                    DatabaseRole.WORKER: ("SELECT (id, status)",),
                },
            ),
        },
    )

    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text, unique=True)
    full_name: Mapped[str] = mapped_column(Text, server_default="")
    password_hash: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=UserStatus.ACTIVE)
    email_verified_at: Mapped[datetime | None]
    failed_sign_ins: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    password_changed_at: Mapped[datetime | None]
    last_sign_in_at: Mapped[datetime | None]
    managed_by_tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenancy.tenants.id", ondelete="SET NULL"))


class Membership(TenantOwned, Versioned, Base):
    """What a person may do in a tenant, or in one of its organizations.

    Only the person's own transaction adds one: when the person registers, joins with an organization's token, or
    accepts a pending invitation to their verified address, or when the provider of the tenant that manages the account
    vouches for them; a trigger looks for that. Administrators change and end those of their places.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["tenancy.organizations.tenant_id", "tenancy.organizations.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        UniqueConstraint("tenant_id", "user_id", "organization_id", postgresql_nulls_not_distinct=True),
        Index(None, "tenant_id", "organization_id", "id"),
        Index(None, "user_id"),
        one_of("role", RoleName),
        one_of("status", MembershipStatus),
        CheckConstraint(ROLE_FITS_PLACE, name="role_fits_place"),
        {
            "schema": "identity",
            "info": access(
                (
                    Policy(
                        "reads",
                        Command.SELECT,
                        using=f"{OWN_ROWS} or {READS_PLATFORM} or ({IN_TENANT} and ({READ_REACH} = 'tenant'"
                        f" or ({READ_REACH} = 'organization' and organization_id = {ORGANIZATION})))",
                    ),
                    Policy(
                        "inserts",
                        Command.INSERT,
                        check=f"{OWN_ROWS} and status = 'active'",
                    ),
                    Policy("updates", Command.UPDATE, using=ADMINISTERED),
                    Policy("deletes", Command.DELETE, using=f"{OWN_ROWS} or {ADMINISTERED}"),
                ),
                {
                    **dict.fromkeys((DatabaseRole.AUTH, DatabaseRole.TENANTS), MEMBERSHIP_GRANTS),
                    DatabaseRole.WORKER: ("SELECT (tenant_id, user_id, organization_id, role, status)",),
                },
            ),
        },
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    organization_id: Mapped[UUID | None]
    role: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=MembershipStatus.ACTIVE)
    role_since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """A trigger keeps it: since when the person has the role."""


def _personal() -> dict[str, Any]:
    policies = read_write(read=OWN_ROWS, write=OWN_ROWS)
    grants = {DatabaseRole.AUTH: ("SELECT", "INSERT", "UPDATE EXCEPT (user_id)", "DELETE")}
    return {"schema": "identity", "info": access(policies, grants)}


class KnownDevice(Identified, Base):
    """A device that its owner signed in with; it shows so with a token of which only the hash is kept."""

    __tablename__ = "known_devices"
    __table_args__ = (Index(None, "user_id"), _personal())

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    token_hash: Mapped[bytes]
    user_agent: Mapped[str] = mapped_column(Text, server_default="")
    ip_address: Mapped[str | None] = mapped_column(INET)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    last_seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class SignInSession(Identified, Base):
    """A signed-in device; its refresh tokens form one family that ends together."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index(None, "user_id", "id"),
        Index(None, "device_id"),
        _personal(),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    membership_tenant_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity.known_devices.id", ondelete="SET NULL"))
    user_agent: Mapped[str] = mapped_column(Text, server_default="")
    ip_address: Mapped[str | None] = mapped_column(INET)
    authentication_methods: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    last_seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None] = mapped_column(Text)


class RefreshToken(Identified, Base):
    """One link of a session's chain of refresh tokens; only its hash is kept."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index(None, "session_id"),
        Index(None, "user_id"),
        _personal(),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("identity.sessions.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    used_at: Mapped[datetime | None]
    successor_id: Mapped[UUID | None]


class OneTimeToken(Identified, Base):
    """A mailed or short-lived token that can be used once; of a sign-in, it knows what was shown before."""

    __tablename__ = "one_time_tokens"
    __table_args__ = (
        Index(None, "user_id", "purpose"),
        one_of("purpose", TokenPurpose),
        _personal(),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    purpose: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes]
    authentication_methods: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    email: Mapped[str | None] = mapped_column(Text)
    """The address that the token was mailed to, where that is not yet the person's."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class TotpCredential(Base):
    """A person's authenticator; the secret is encrypted, and a confirmed step is never accepted twice."""

    __tablename__ = "totp_credentials"
    __table_args__ = (_personal(),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"), primary_key=True)
    secret_encrypted: Mapped[bytes]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class RecoveryCode(Identified, Base):
    """A code that stands in for the authenticator once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index(None, "user_id"), _personal())

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    code_hash: Mapped[bytes]
    used_at: Mapped[datetime | None]


class ApiKey(TenantOwned, Timestamped, Base):
    """A key for machines, with fewer permissions than its maker; only its hash is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenancy.tenants.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "organization_id"], ["tenancy.organizations.tenant_id", "tenancy.organizations.id"]
        ),
        Index(None, "tenant_id", "user_id", "id"),
        {
            "schema": "identity",
            "info": access(
                read_write(read=f"{IN_TENANT} and {OWN_ROWS}", write=f"{IN_TENANT} and {OWN_ROWS}"),
                {DatabaseRole.AUTH: ALL},
            ),
        },
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    organization_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
