"""A tenant keeps an administrator who can sign in, and so does the platform."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.roles import GRANTS, Permission
from accunode_common.db.locks import lock_members
from accunode_common.errors import ConflictError
from accunode_common.models.identity import Membership, MembershipStatus, User, UserStatus

ADMINISTRATORS = tuple(role for role, grant in GRANTS.items() if Permission.TENANT_UPDATE in grant.permissions)


class LastAdministratorError(ConflictError):
    """Nobody else who can sign in administers the tenant."""

    code = "last_administrator"
    title = "A tenant keeps its last administrator"


async def keep_one(session: AsyncSession, lost: Collection[Membership]) -> None:
    """Make sure that each tenant keeps an administrator when these memberships, or their people, are lost to it.

    Somebody can sign in whose account is active, whose address is verified and whose membership is not suspended.
    The tenants are locked until the transaction ends, so of two who put each other out one is refused. The
    transaction's context must see every administrator of the tenants.

    Raises:
        LastAdministratorError: One would be left without.
    """
    for tenant_id, people in sorted(losses(lost).items()):
        await lock_members(session, tenant_id)
        if not await _others(session, tenant_id, people):
            raise LastAdministratorError("Nobody else who can sign in administers the tenant; appoint somebody first.")


def losses(lost: Collection[Membership]) -> dict[UUID, set[UUID]]:
    """Whom each tenant that loses an administrator loses."""
    going = {membership.tenant_id for membership in lost if membership.role in ADMINISTRATORS}
    return {
        tenant_id: {membership.user_id for membership in lost if membership.tenant_id == tenant_id}
        for tenant_id in going
    }


async def _others(session: AsyncSession, tenant_id: UUID, without: Collection[UUID]) -> int:
    statement = (
        select(func.count(Membership.id))
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.role.in_(ADMINISTRATORS),
            Membership.status == MembershipStatus.ACTIVE,
            Membership.user_id.not_in(without),
            User.status == UserStatus.ACTIVE,
            User.email_verified_at.is_not(None),
        )
    )
    return await session.scalar(statement) or 0
