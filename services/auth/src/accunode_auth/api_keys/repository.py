"""API keys; row-level security shows each person their own in the tenant they work in."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.identity import ApiKey, Membership, MembershipStatus, User, UserStatus


def active() -> Select[ApiKey]:
    """The keys in sight that are good."""
    return select(ApiKey).where(ApiKey.revoked_at.is_(None), ApiKey.expires_at > func.now())


async def page(session: AsyncSession, order: SortOrder, paging: PageParameters) -> PageOf[ApiKey]:
    """A page of the keys in sight that are good."""
    return await paginate(session, active(), order, paging)


async def count_active(session: AsyncSession) -> int:
    """How many keys in sight are good."""
    return await session.scalar(select(func.count()).select_from(active().subquery())) or 0


async def find_active(session: AsyncSession, key_id: UUID) -> ApiKey | None:
    """The key of that id, if in sight and good."""
    return (await session.scalars(active().where(ApiKey.id == key_id))).one_or_none()


async def revoke(session: AsyncSession, key_id: UUID) -> bool:
    """Make a key void; gives False if there is no such good key in sight."""
    found = await session.scalar(
        update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None), ApiKey.expires_at > func.now())
        .values(revoked_at=func.now())
        .returning(ApiKey.id)
    )
    return found is not None


async def note_use(session: AsyncSession, key: ApiKey, *, every: timedelta) -> None:
    """Note that a key was used, unless that was noted lately."""
    await session.execute(
        update(ApiKey)
        .where(
            ApiKey.tenant_id == key.tenant_id,
            ApiKey.id == key.id,
            func.coalesce(ApiKey.last_used_at, ApiKey.created_at) < func.now() - every,
        )
        .values(last_used_at=func.now())
    )


async def role_of_owner(session: AsyncSession, key: ApiKey) -> str | None:
    """The role of the key's owner where the key works; None if they are gone from there, or may not sign in."""
    query = (
        select(Membership.role)
        .join(User, User.id == Membership.user_id)
        .where(
            User.id == key.user_id,
            User.status == UserStatus.ACTIVE,
            Membership.status == MembershipStatus.ACTIVE,
            Membership.tenant_id == key.tenant_id,
            Membership.organization_id.is_not_distinct_from(key.organization_id),
        )
    )
    return await session.scalar(query)


async def add(session: AsyncSession, key: ApiKey) -> None:
    """Add a key, and read what the database filled in."""
    session.add(key)
    await session.flush()
    await session.refresh(key)
