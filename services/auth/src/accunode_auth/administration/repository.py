"""People and memberships in the caller's reach; row-level security draws its edge."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import (
    Membership,
    OneTimeToken,
    RecoveryCode,
    TotpCredential,
    User,
    UserStatus,
)


def people(
    *, search: str | None, role: str | None, status: str | None, organization_id: UUID | None, tenant_id: UUID | None
) -> Select[User]:
    """The people who have a membership in reach that fits."""
    fitting = select(Membership.id).where(Membership.user_id == User.id)
    if role is not None:
        fitting = fitting.where(Membership.role == role)
    if organization_id is not None:
        fitting = fitting.where(Membership.organization_id == organization_id)
    if tenant_id is not None:
        fitting = fitting.where(Membership.tenant_id == tenant_id)
    query = select(User).where(exists(fitting))
    if status is not None:
        query = query.where(User.status == status)
    if search is not None:
        text = search.casefold()
        query = query.where(
            or_(
                User.email_key.contains(text, autoescape=True),
                func.lower(User.full_name).contains(text, autoescape=True),
            )
        )
    return query


async def find(db: AsyncSession, user_id: UUID, *, lock: bool = False) -> User | None:
    """The person, if in reach."""
    query = select(User).where(User.id == user_id, User.status != UserStatus.ANONYMISED)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await db.scalars(query)).one_or_none()


async def memberships(db: AsyncSession, user_ids: Sequence[UUID]) -> dict[UUID, list[Membership]]:
    """The memberships in reach of each person, oldest first."""
    found: dict[UUID, list[Membership]] = {user_id: [] for user_id in user_ids}
    query = select(Membership).where(Membership.user_id.in_(user_ids)).order_by(Membership.id)
    for membership in (await db.scalars(query)).all():
        found[membership.user_id].append(membership)
    return found


async def count_in(db: AsyncSession, tenant_id: UUID, organization_id: UUID | None, *, role: str | None = None) -> int:
    """How many members a place has."""
    query = (
        select(func.count())
        .select_from(Membership)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.organization_id.is_not_distinct_from(organization_id),
        )
    )
    if role is not None:
        query = query.where(Membership.role == role)
    return await db.scalar(query) or 0


async def remove_memberships(db: AsyncSession, ids: Sequence[UUID]) -> None:
    """Remove memberships."""
    await db.execute(delete(Membership).where(Membership.id.in_(ids)))


async def set_status(db: AsyncSession, user_id: UUID, status: str) -> None:
    """Let a person sign in, or not."""
    await db.execute(update(User).where(User.id == user_id).values(status=status, version=User.version + 1))


async def unlock(db: AsyncSession, user_id: UUID) -> None:
    """Forget failed sign-ins."""
    await db.execute(
        update(User).where(User.id == user_id).values(failed_sign_ins=0, locked_until=None, version=User.version + 1)
    )


async def anonymise(db: AsyncSession, user_id: UUID) -> None:
    """Leave of a person only the id that the audit trail names. The transaction's context must be the person's."""
    for table in (OneTimeToken, TotpCredential, RecoveryCode):
        await db.execute(delete(table).where(table.user_id == user_id))
    nobody = f"{user_id}@anonymised.invalid"
    await db.execute(
        update(User)
        .where(User.id == user_id)
        .values(
            email=nobody,
            email_key=nobody,
            full_name="",
            password_hash=None,
            email_verified_at=None,
            locked_until=None,
            last_sign_in_at=None,
            status=UserStatus.ANONYMISED,
            version=User.version + 1,
        )
    )
