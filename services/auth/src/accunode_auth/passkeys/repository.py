"""Passkeys; row-level security shows each person their own."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.http.pagination import PageOf, PageParameters, SortOrder, paginate
from accunode_common.models.identity import User
from accunode_common.models.passkeys import Passkey


def of_user(user_id: UUID) -> Select[Passkey]:
    """The person's passkeys."""
    return select(Passkey).where(Passkey.user_id == user_id)


async def page(session: AsyncSession, user_id: UUID, order: SortOrder, paging: PageParameters) -> PageOf[Passkey]:
    """A page of the person's passkeys."""
    return await paginate(session, of_user(user_id), order, paging)


async def all_of_user(session: AsyncSession, user_id: UUID) -> Sequence[Passkey]:
    """The person's passkeys, oldest first."""
    return (await session.scalars(of_user(user_id).order_by(Passkey.id))).all()


async def find(session: AsyncSession, user_id: UUID, passkey_id: UUID) -> Passkey | None:
    """The person's passkey of that id, locked."""
    return (await session.scalars(of_user(user_id).where(Passkey.id == passkey_id).with_for_update())).one_or_none()


async def find_credential(session: AsyncSession, user_id: UUID, credential_id: bytes) -> Passkey | None:
    """The person's passkey that the authenticator calls so, locked."""
    query = of_user(user_id).where(Passkey.credential_id == credential_id).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def add(session: AsyncSession, values: dict[str, object]) -> Passkey | None:
    """A new passkey; None if somebody has the credential already."""
    statement = insert(Passkey).values(values).on_conflict_do_nothing(index_elements=[Passkey.credential_id])
    return await session.scalar(statement.returning(Passkey))


async def remove(session: AsyncSession, passkey_id: UUID) -> None:
    """Forget a passkey."""
    await session.execute(delete(Passkey).where(Passkey.id == passkey_id))


async def account(session: AsyncSession, user_id: UUID) -> tuple[str, str]:
    """The person's address and name."""
    found = (await session.execute(select(User.email, User.full_name).where(User.id == user_id))).one()
    return found[0], found[1]


async def note_use(session: AsyncSession, passkey: Passkey, *, sign_count: int, backed_up: bool, at: datetime) -> None:
    """Note what the passkey said of itself when it was used."""
    passkey.sign_count, passkey.backed_up, passkey.last_used_at = sign_count, backed_up, at
    await session.flush()


async def rename(session: AsyncSession, passkey: Passkey, label: str) -> None:
    """Give a passkey another label."""
    passkey.label = label
    await session.flush()
