"""Authenticators and recovery codes."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import RecoveryCode, TotpCredential, User


async def find(db: AsyncSession, user_id: UUID) -> TotpCredential | None:
    """The person's authenticator, confirmed or not, locked."""
    query = select(TotpCredential).where(TotpCredential.user_id == user_id).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def confirmed(db: AsyncSession, user_id: UUID) -> bool:
    """Whether the person has a confirmed authenticator."""
    query = select(TotpCredential.user_id).where(
        TotpCredential.user_id == user_id, TotpCredential.confirmed_at.is_not(None)
    )
    return await db.scalar(query) is not None


async def remove(db: AsyncSession, user_id: UUID) -> None:
    """Forget the person's authenticator and recovery codes."""
    await db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    await db.execute(delete(TotpCredential).where(TotpCredential.user_id == user_id))


async def replace_recovery_codes(db: AsyncSession, user_id: UUID, hashes: Iterable[bytes]) -> None:
    """Keep these recovery codes and no others."""
    await db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    db.add_all(RecoveryCode(user_id=user_id, code_hash=code_hash) for code_hash in hashes)
    await db.flush()


async def spend_recovery_code(db: AsyncSession, user_id: UUID, code_hash: bytes) -> bool:
    """Use a recovery code up; gives False if it is unknown or used."""
    spent = await db.scalar(
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None))
        .values(used_at=func.now())
        .returning(RecoveryCode.id)
    )
    return spent is not None


async def account(db: AsyncSession, user_id: UUID) -> tuple[str, str | None]:
    """The person's address and password hash."""
    found = (await db.execute(select(User.email, User.password_hash).where(User.id == user_id))).one()
    return found[0], found[1]
