"""The SQL of people. The service's role reads profiles and never credentials, hence the named columns."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.models.identity import User


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's profile."""

    id: UUID
    email: str
    email_key: str
    email_verified_at: datetime | None
    full_name: str
    status: str
    last_sign_in_at: datetime | None


Profiles = Select[UUID, str, str, datetime | None, str, str, datetime | None]


def _profiles() -> Profiles:
    return select(
        User.id, User.email, User.email_key, User.email_verified_at, User.full_name, User.status, User.last_sign_in_at
    )


async def _people(session: AsyncSession, statement: Profiles) -> list[Person]:
    return [Person(*row) for row in (await session.execute(statement)).all()]


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Person]:
    """Those of the people who are in sight."""
    return {person.id: person for person in await _people(session, _profiles().where(User.id.in_(ids)))}


async def by_email(session: AsyncSession, email_key: str) -> Person | None:
    """The person of that address, if in sight."""
    return next(iter(await _people(session, _profiles().where(User.email_key == email_key))), None)


async def add(
    session: AsyncSession, *, user_id: UUID, email: str, email_key: str, full_name: str, password_hash: str
) -> bool:
    """Add a person whose address the platform vouches for; False, and nothing is added, if the address is taken."""
    added = await session.scalar(
        insert(User)
        .values(
            id=user_id,
            email=email,
            email_key=email_key,
            full_name=full_name,
            password_hash=password_hash,
            email_verified_at=func.now(),
            password_changed_at=func.now(),
        )
        .on_conflict_do_nothing(index_elements=[User.email_key])
        .returning(User.id)
    )
    return added is not None
