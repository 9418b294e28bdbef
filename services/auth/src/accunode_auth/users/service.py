"""The caller's own profile."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.accounts import service as accounts
from accunode_auth.memberships import service as memberships
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


async def profile(session: AsyncSession, subject: Subject) -> tuple[Row[Any], list[Row[Any]]]:
    """What a profile shows of the caller and of where they may work.

    Raises:
        UnauthenticatedError: The account is gone.
    """
    found = await memberships.person(session, subject.user_id)
    if found is None:
        raise UnauthenticatedError("The account is gone.")
    return found


async def change_profile(
    session: AsyncSession, subject: Subject, trail: Trail, match: Conditional, *, full_name: str
) -> None:
    """Change what the caller says about themselves.

    Raises:
        StaleVersionError: The profile has changed meanwhile.
        UnauthenticatedError: The account is gone.
    """
    user = await repository.find(session, subject.user_id, lock=True)
    if user is None:
        raise UnauthenticatedError("The account is gone.")
    await rename(session, trail, match, user, full_name)


async def rename(session: AsyncSession, trail: Trail, match: Conditional, user: User, full_name: str) -> None:
    """Give a person, whose row is locked, another name.

    Raises:
        StaleVersionError: The person has changed meanwhile.
    """
    match.check(user.version)
    await repository.rename(session, user, full_name)
    await trail.record(session, "user.update", "user", user.id, details={"fields": ["full_name"]})


async def delete_own(session: AsyncSession, revocations: Revocations, subject: Subject, trail: Trail) -> None:
    """End the caller's account.

    Raises:
        LastAdministratorError: A tenant, or the platform, would be left without an administrator.
    """
    await trail.record(session, "user.delete_own", "user", subject.user_id)
    await accounts.close_own(session, revocations, subject)
    await revoke_user(session, revocations, subject.user_id)


async def leave(
    session: AsyncSession, revocations: Revocations, subject: Subject, origin: Origin, membership_id: UUID
) -> None:
    """End one of the caller's memberships.

    Raises:
        NotFoundError: The caller has no such membership.
        LastAdministratorError: The tenant, or the platform, would be left without an administrator.
    """
    left = await accounts.leave(session, subject, membership_id)
    async with acting_as(session, AccessContext(tenant_id=left.tenant_id, user_id=subject.user_id)):
        await audit.record(
            session,
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
    await revoke_member(session, revocations, left.tenant_id, subject.user_id)
