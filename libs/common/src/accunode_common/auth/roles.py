"""The five roles, and the one table of what each may do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from accunode_common.db.session import Reach


class Role(StrEnum):
    """The tier of a membership."""

    SUPER_ADMIN = "super_admin"
    TENANT_ADMIN = "tenant_admin"
    ORG_ADMIN = "org_admin"
    ORG_MEMBER = "org_member"
    USER = "user"


class Permission(StrEnum):
    """What can be allowed, as `resource:action`. How far it reaches is the role's reach, enforced by the database."""

    PROFILE_MANAGE = "profile:manage"
    API_KEY_MANAGE = "api_key:manage"

    USER_READ = "user:read"
    USER_MANAGE = "user:manage"

    TENANT_LIST = "tenant:list"
    TENANT_CREATE = "tenant:create"
    TENANT_READ = "tenant:read"
    TENANT_UPDATE = "tenant:update"
    TENANT_DELETE = "tenant:delete"
    TENANT_ADMIN_READ = "tenant_admin:read"
    TENANT_ADMIN_MANAGE = "tenant_admin:manage"

    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_CREATE = "organization:create"
    ORGANIZATION_UPDATE = "organization:update"
    ORGANIZATION_DELETE = "organization:delete"
    ORGANIZATION_JOIN = "organization:join"
    MEMBER_MANAGE = "member:manage"
    WHITELIST_MANAGE = "whitelist:manage"
    JOIN_TOKEN_MANAGE = "join_token:manage"
    SHARING_MANAGE = "sharing:manage"

    AUDIT_READ = "audit:read"

    SSO_MANAGE = "sso:manage"
    DOMAIN_CONFIRM = "domain:confirm"

    COMPANY_READ = "company:read"
    COMPANY_WRITE = "company:write"
    PREDICTION_READ = "prediction:read"
    PREDICTION_WRITE = "prediction:write"
    SYSTEM_RECORD_WRITE = "system_record:write"
    PORTFOLIO_READ = "portfolio:read"
    PORTFOLIO_ANALYSE = "portfolio:analyse"
    PORTFOLIO_RESCORE = "portfolio:rescore"
    MODEL_READ = "model:read"
    MODEL_MONITOR = "model:monitor"
    MODEL_PROMOTE = "model:promote"

    BULK_UPLOAD_READ = "bulk_upload:read"
    BULK_UPLOAD_WRITE = "bulk_upload:write"
    JOB_READ = "job:read"
    JOB_CANCEL = "job:cancel"
    SCALING_READ = "scaling:read"
    SCALING_MANAGE = "scaling:manage"

    @property
    def administrative(self) -> bool:
        """Whether using it, even to read, needs certainty that the caller's session is not revoked."""
        return self not in _EVERYONE and self not in _MEMBER


class Seat(StrEnum):
    """Where a membership of a role is held: on the platform, in a tenant, in an organization."""

    PLATFORM = "platform"
    TENANT = "tenant"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a role may do and how far.

    Attributes:
        rank: Its height; nobody gives a role higher than their own.
        seat: Where its memberships are: in the platform tenant, in a tenant, or in one of its organizations.
        permissions: What it may do.
        read_reach: Which records it reads.
        write_reach: Which records it changes.
    """

    rank: int
    seat: Seat
    permissions: frozenset[Permission]
    read_reach: Reach
    write_reach: Reach


_EVERYONE = frozenset(
    {
        Permission.PROFILE_MANAGE,
        Permission.API_KEY_MANAGE,
        Permission.ORGANIZATION_JOIN,
        Permission.COMPANY_READ,
        Permission.COMPANY_WRITE,
        Permission.PREDICTION_READ,
        Permission.PREDICTION_WRITE,
        Permission.PORTFOLIO_READ,
        Permission.MODEL_READ,
        Permission.BULK_UPLOAD_READ,
        Permission.BULK_UPLOAD_WRITE,
        Permission.JOB_READ,
        Permission.JOB_CANCEL,
    }
)
_MEMBER = frozenset({Permission.ORGANIZATION_READ, Permission.PORTFOLIO_ANALYSE})
_ORGANIZATION_ADMIN = frozenset(
    {
        Permission.USER_READ,
        Permission.USER_MANAGE,
        Permission.ORGANIZATION_UPDATE,
        Permission.MEMBER_MANAGE,
        Permission.WHITELIST_MANAGE,
        Permission.JOIN_TOKEN_MANAGE,
        Permission.SHARING_MANAGE,
        Permission.PORTFOLIO_RESCORE,
        Permission.MODEL_MONITOR,
    }
)
_TENANT_ADMIN = frozenset(
    {
        Permission.TENANT_READ,
        Permission.TENANT_UPDATE,
        Permission.TENANT_ADMIN_READ,
        Permission.ORGANIZATION_CREATE,
        Permission.ORGANIZATION_DELETE,
        Permission.AUDIT_READ,
        Permission.SSO_MANAGE,
    }
)
_PLATFORM = frozenset(
    {
        Permission.TENANT_LIST,
        Permission.TENANT_CREATE,
        Permission.TENANT_DELETE,
        Permission.TENANT_ADMIN_MANAGE,
        Permission.DOMAIN_CONFIRM,
        Permission.SYSTEM_RECORD_WRITE,
        Permission.MODEL_PROMOTE,
        Permission.SCALING_READ,
        Permission.SCALING_MANAGE,
    }
)

GRANTS: Mapping[Role, Grant] = {
    Role.USER: Grant(0, Seat.PLATFORM, _EVERYONE, Reach.OWN, Reach.OWN),
    Role.ORG_MEMBER: Grant(1, Seat.ORGANIZATION, _EVERYONE | _MEMBER, Reach.ORGANIZATION, Reach.OWN),
    Role.ORG_ADMIN: Grant(
        2, Seat.ORGANIZATION, _EVERYONE | _MEMBER | _ORGANIZATION_ADMIN, Reach.ORGANIZATION, Reach.ORGANIZATION
    ),
    # Reads the organizations' credit records and edits none of them: the policies of credit records give
    # nothing to the write reach `tenant`, those of tenancy and identity do.
    Role.TENANT_ADMIN: Grant(
        3, Seat.TENANT, _EVERYONE | _MEMBER | _ORGANIZATION_ADMIN | _TENANT_ADMIN, Reach.TENANT, Reach.TENANT
    ),
    Role.SUPER_ADMIN: Grant(
        4,
        Seat.PLATFORM,
        _EVERYONE | _MEMBER | _ORGANIZATION_ADMIN | _TENANT_ADMIN | _PLATFORM,
        Reach.PLATFORM,
        Reach.PLATFORM,
    ),
}


KEY_PERMISSIONS = frozenset(
    {
        Permission.COMPANY_READ,
        Permission.COMPANY_WRITE,
        Permission.PREDICTION_READ,
        Permission.PREDICTION_WRITE,
        Permission.SYSTEM_RECORD_WRITE,
        Permission.PORTFOLIO_READ,
        Permission.PORTFOLIO_ANALYSE,
        Permission.PORTFOLIO_RESCORE,
        Permission.MODEL_READ,
        Permission.MODEL_MONITOR,
        Permission.BULK_UPLOAD_READ,
        Permission.BULK_UPLOAD_WRITE,
        Permission.JOB_READ,
        Permission.JOB_CANCEL,
        Permission.AUDIT_READ,
        Permission.SCALING_READ,
    }
)
"""What an API key can be given, where its owner has it: records and their work. Nothing of people, memberships,
tenants and their settings, nor of which model is in force: those take a person who signed in."""


def outranks(role: Role, other: Role) -> bool:
    """Whether a role is higher than the other."""
    return GRANTS[role].rank > GRANTS[other].rank


def may_assign(assigner: Role, role: Role) -> bool:
    """Whether somebody of one role may give another person the other; scope is the database's matter."""
    return not outranks(role, assigner)


def highest(roles: Iterable[Role]) -> Role:
    """The highest of the roles, of which there is at least one."""
    return max(roles, key=lambda role: GRANTS[role].rank)
