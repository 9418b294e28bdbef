"""The caller of a request, as its access token says."""

from dataclasses import dataclass
from uuid import UUID

from accunode_common.auth.roles import GRANTS, KEY_PERMISSIONS, Permission, Role
from accunode_common.db.session import AccessContext, Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who calls, and as what.

    Attributes:
        user_id: The person.
        tenant_id: The tenant of the active membership; the platform tenant when they joined nobody.
        organization_id: Its organization, if any.
        role: Its role.
        session_id: The sign-in, or the API key, that the token came from.
        scope: What an API key narrows the role to; None when nothing is narrowed.
    """

    user_id: UUID
    tenant_id: UUID
    organization_id: UUID | None
    role: Role
    session_id: UUID
    scope: frozenset[Permission] | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the caller may do."""
        granted = GRANTS[self.role].permissions
        return granted if self.scope is None else granted & self.scope & KEY_PERMISSIONS

    @property
    def is_key(self) -> bool:
        """Whether the caller is an API key, and no person who signed in."""
        return self.scope is not None

    def may(self, permission: Permission) -> bool:
        """Whether the caller has `permission`."""
        return permission in self.permissions

    @property
    def read_reach(self) -> Reach:
        """Which records the caller reads."""
        return GRANTS[self.role].read_reach

    @property
    def write_reach(self) -> Reach:
        """Which records the caller changes."""
        return GRANTS[self.role].write_reach

    @property
    def access(self) -> AccessContext:
        """What row-level security is told about the caller."""
        return AccessContext(
            tenant_id=self.tenant_id,
            user_id=self.user_id,
            organization_id=self.organization_id,
            read_reach=self.read_reach,
            write_reach=self.write_reach,
        )
