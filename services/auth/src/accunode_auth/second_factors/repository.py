"""Which second factors a person has, and recovery codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.federation import FederatedIdentity
from accunode_common.models.identity import RecoveryCode, TotpCredential, User
from accunode_common.models.passkeys import Passkey


@dataclass(frozen=True, slots=True)
class Held:
    """The second factors of a person.

    Attributes:
        authenticator: Whether there is a confirmed one.
        passkeys: How many there are.
        recovery_codes: How many are left.
    """

    authenticator: bool
    passkeys: int
    recovery_codes: int

    @property
    def count(self) -> int:
        """How many factors there are; recovery codes only stand in for one."""
        return self.authenticator + self.passkeys


async def lock_person(session: AsyncSession, user_id: UUID) -> None:
    """Let nobody else change the person's factors until the transaction ends; take the locks of single ones before."""
    await session.execute(select(User.id).where(User.id == user_id).with_for_update())


async def held(session: AsyncSession, user_id: UUID) -> Held:
    """What the person has."""
    confirmed = (TotpCredential.user_id == user_id) & TotpCredential.confirmed_at.is_not(None)
    left = (RecoveryCode.user_id == user_id) & RecoveryCode.used_at.is_(None)
    authenticators = select(func.count()).select_from(TotpCredential).where(confirmed)
    passkeys = select(func.count()).select_from(Passkey).where(Passkey.user_id == user_id)
    codes = select(func.count()).select_from(RecoveryCode).where(left)
    row = (
        await session.execute(
            select(authenticators.scalar_subquery(), passkeys.scalar_subquery(), codes.scalar_subquery())
        )
    ).one()
    return Held(bool(row[0]), row[1], row[2])


async def replace_recovery_codes(session: AsyncSession, user_id: UUID, hashes: Iterable[bytes]) -> None:
    """Keep these recovery codes and no others."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(RecoveryCode(user_id=user_id, code_hash=code_hash) for code_hash in hashes)
    await session.flush()


async def spend_recovery_code(session: AsyncSession, user_id: UUID, code_hash: bytes) -> bool:
    """Use a recovery code up; gives False if it is unknown or used."""
    spent = await session.scalar(
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None))
        .values(used_at=func.now())
        .returning(RecoveryCode.id)
    )
    return spent is not None


async def vouched_for(session: AsyncSession, user_id: UUID, tenant_id: UUID) -> bool:
    """Whether a provider of the tenant's lets the person in, and with whatever factors it asks for."""
    query = select(FederatedIdentity.id).where(
        FederatedIdentity.user_id == user_id,
        FederatedIdentity.tenant_id == tenant_id,
        FederatedIdentity.withdrawn_at.is_(None),
    )
    return bool(await session.scalar(select(query.exists())))
