"""What an account consists of. Row-level security lets the owner's own transaction change it, or who looks after it."""

from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.federation import FederatedIdentity, SsoSession
from accunode_common.models.identity import (
    ApiKey,
    KnownDevice,
    Membership,
    OneTimeToken,
    RecoveryCode,
    TotpCredential,
    User,
    UserStatus,
)
from accunode_common.models.passkeys import Passkey

ENROLLED = (OneTimeToken, TotpCredential, Passkey, RecoveryCode, KnownDevice, FederatedIdentity, SsoSession)
"""What proves a person beside the password; each row is somebody's."""


async def forget_enrolled(session: AsyncSession, user_id: UUID) -> None:
    """Remove everything that proves the person, but the password."""
    for table in ENROLLED:
        await session.execute(delete(table).where(table.user_id == user_id))


async def forget_api_keys(session: AsyncSession, user_id: UUID) -> None:
    """Remove the person's API keys of the tenant that the transaction is in."""
    await session.execute(delete(ApiKey).where(ApiKey.user_id == user_id))


async def take_over(session: AsyncSession, user_id: UUID, *, password_hash: str, full_name: str) -> None:
    """Give an account the password and the name of whoever showed that the address is theirs."""
    await session.execute(
        update(User)
        .where(User.id == user_id)
        .values(
            password_hash=password_hash,
            password_changed_at=func.now(),
            full_name=full_name,
            email_verified_at=func.now(),
            failed_sign_ins=0,
            locked_until=None,
            version=User.version + 1,
        )
    )


async def make_managed(session: AsyncSession, user_id: UUID, tenant_id: UUID, *, full_name: str) -> None:
    """Note that a tenant manages the account, and that its address is verified."""
    await session.execute(
        update(User)
        .where(User.id == user_id)
        .values(full_name=full_name, email_verified_at=func.now(), managed_by_tenant_id=tenant_id)
    )


async def set_status(session: AsyncSession, user_id: UUID, status: str) -> None:
    """Set whether a person may sign in."""
    await session.execute(update(User).where(User.id == user_id).values(status=status, version=User.version + 1))


async def unlock(session: AsyncSession, user_id: UUID) -> None:
    """Forget failed sign-ins."""
    await session.execute(
        update(User).where(User.id == user_id).values(failed_sign_ins=0, locked_until=None, version=User.version + 1)
    )


async def remove_memberships(session: AsyncSession, user_id: UUID) -> None:
    """End every membership of the transaction's person."""
    await session.execute(delete(Membership).where(Membership.user_id == user_id))


async def anonymise(session: AsyncSession, user_id: UUID) -> None:
    """Leave of a person only the id that the audit trail names. The transaction's context must be the person's."""
    nobody = f"{user_id}@anonymised.invalid"
    await session.execute(
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
            managed_by_tenant_id=None,
            status=UserStatus.ANONYMISED,
            version=User.version + 1,
        )
    )
