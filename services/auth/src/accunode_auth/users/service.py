"""The caller's own profile."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.accounts import service as accounts
from accunode_auth.memberships import service as memberships
from accunode_auth.memberships.service import ActiveMembership
from accunode_auth.repository import write_changes
from accunode_auth.users import repository
from accunode_common import audit
from accunode_common.auth.revocation import Revocations
from accunode_common.auth.subject import Subject
from accunode_common.db.session import AccessContext, acting_as
from accunode_common.errors import UnauthenticatedError
from accunode_common.http.conditional import Conditional
from accunode_common.http.trail import Origin, Trail
from accunode_common.models.identity import User
from accunode_identity.session_revocation import revoke_member, revoke_user


async def profile(db: AsyncSession, subject: Subject) -> tuple[User, list[ActiveMembership]]:
    """The caller and where they may work.

    Raises:
        UnauthenticatedError: The account is gone.
    """
    found = await memberships.person(db, subject.user_id)
    if found is None:
        raise UnauthenticatedError("The account is gone.")
    return found


async def change_profile(
    db: AsyncSession, subject: Subject, trail: Trail, match: Conditional, *, full_name: str
) -> None:
    """Change what the caller says about themselves.

    Raises:
        StaleVersionError: The profile has changed meanwhile.
        UnauthenticatedError: The account is gone.
    """
    user = await repository.find(db, subject.user_id, lock=True)
    if user is None:
        raise UnauthenticatedError("The account is gone.")
    match.check(user.version)
    user.full_name = full_name
    user.version += 1
    await write_changes(db)
    await trail.record(db, "user.update", "user", subject.user_id, details={"fields": ["full_name"]})


async def delete_own(db: AsyncSession, revocations: Revocations, subject: Subject, trail: Trail) -> None:
    """End the caller's account.

    Raises:
        LastAdministratorError: A tenant, or the platform, would be left without an administrator.
    """
    await trail.record(db, "user.delete_own", "user", subject.user_id)
    await accounts.close_own(db, revocations, subject)
    await revoke_user(db, revocations, subject.user_id)


async def leave(
    db: AsyncSession, revocations: Revocations, subject: Subject, origin: Origin, membership_id: UUID
) -> None:
    """End one of the caller's memberships.

    Raises:
        NotFoundError: The caller has no such membership.
        LastAdministratorError: The tenant, or the platform, would be left without an administrator.
    """
    left = await accounts.leave(db, subject, membership_id)
    async with acting_as(db, AccessContext(tenant_id=left.tenant_id, user_id=subject.user_id)):
        await audit.record(
            db,
            origin.entry(
                "membership.leave",
                "user",
                subject.user_id,
                tenant_id=left.tenant_id,
                actor_id=subject.user_id,
                actor_role=left.role,
                organization_id=left.organization_id,
            ),
        )
    await revoke_member(db, revocations, left.tenant_id, subject.user_id)
