"""Finding people in the caller's sight, and making accounts."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.password_hashing import PasswordHashing
from accunode_common.emails import email_key
from accunode_common.errors import AlreadyExistsError
from accunode_common.ids import new_id
from accunode_identity.password_policy import refuse_personal
from accunode_tenants.people import repository
from accunode_tenants.people.repository import Person
from accunode_tenants.people.schemas import NewPerson

__all__ = ["Person", "create", "find", "find_all"]


async def find(session: AsyncSession, email: str) -> Person | None:
    """The person of that address, if in the caller's sight."""
    return await repository.by_email(session, email_key(email))


async def find_all(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Person]:
    """Those of the people who are in the caller's sight, by id."""
    return await repository.by_ids(session, ids) if ids else {}


async def create(session: AsyncSession, passwords: PasswordHashing, new: NewPerson, *, pointer: str) -> UUID:
    """Make an account.

    Args:
        pointer: Where in the body `new` stands, for errors.

    Raises:
        AlreadyExistsError: The address has an account.
        UnprocessableInputError: The password is made of the address or the name.
    """
    refuse_personal(new.password, (new.email, new.full_name), pointer=f"{pointer}/password")
    user_id = new_id()
    added = await repository.add(
        session,
        user_id=user_id,
        email=new.email,
        email_key=email_key(new.email),
        full_name=new.full_name,
        password_hash=await passwords.hash(new.password),
    )
    if not added:
        raise AlreadyExistsError("Somebody has an account under this address already.")
    return user_id
