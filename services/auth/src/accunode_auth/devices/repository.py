"""Known devices; row-level security shows each person their own."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import KnownDevice


async def find(session: AsyncSession, user_id: UUID, device_id: UUID, *, seen_within: timedelta) -> KnownDevice | None:
    """The person's device, if it was seen lately."""
    query = select(KnownDevice).where(
        KnownDevice.user_id == user_id,
        KnownDevice.id == device_id,
        KnownDevice.last_seen_at > func.now() - seen_within,
    )
    return (await session.scalars(query)).one_or_none()


async def has_like(session: AsyncSession, user_id: UUID, *, user_agent: str, ip_address: str | None) -> bool:
    """Whether a device of the person said the same of itself, from the same address."""
    query = select(KnownDevice.id).where(
        KnownDevice.user_id == user_id,
        KnownDevice.user_agent == user_agent,
        KnownDevice.ip_address.is_not_distinct_from(ip_address),
    )
    return await session.scalar(query.limit(1)) is not None


async def note_use(session: AsyncSession, device_id: UUID, *, user_agent: str, ip_address: str | None) -> None:
    """Note where a device signs in from now."""
    await session.execute(
        update(KnownDevice)
        .where(KnownDevice.id == device_id)
        .values(user_agent=user_agent, ip_address=ip_address, last_seen_at=func.now())
    )


async def forget_old(session: AsyncSession, user_id: UUID, *, keep: int, seen_within: timedelta) -> None:
    """Forget devices that were not seen lately, and all but the latest ones."""
    latest = select(KnownDevice.id).where(KnownDevice.user_id == user_id).order_by(KnownDevice.last_seen_at.desc())
    await session.execute(
        delete(KnownDevice).where(
            KnownDevice.user_id == user_id,
            or_(
                KnownDevice.last_seen_at <= func.now() - seen_within,
                KnownDevice.id.not_in(latest.limit(keep).scalar_subquery()),
            ),
        )
    )


async def forget(session: AsyncSession, user_id: UUID) -> None:
    """Forget every device of the person."""
    await session.execute(delete(KnownDevice).where(KnownDevice.user_id == user_id))


async def add(session: AsyncSession, device: KnownDevice) -> None:
    """Add a device."""
    session.add(device)
    await session.flush()
