"""The caller's own profile."""

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_auth.memberships.service import Workplace, workplaces
from accunode_auth.users import repository
from accunode_common.auth.subject import Subject
from accunode_common.db.session import set_context
from accunode_common.errors import UnauthenticatedError
from accunode_common.http.conditional import Conditional
from accunode_common.models.identity import User


async def profile(db: AsyncSession, subject: Subject) -> tuple[User, list[Workplace]]:
    """The caller and where they may work.

    Raises:
        UnauthenticatedError: The account is gone.
    """
    user = await repository.find(db, subject.user_id)
    if user is None:
        raise UnauthenticatedError("The account is gone.")
    places = await workplaces(db, subject.user_id)
    await set_context(db, subject.access)
    return user, places


async def change_profile(db: AsyncSession, subject: Subject, match: Conditional, *, full_name: str) -> None:
    """Change what the caller says about themselves.

    Raises:
        StaleVersionError: The profile has changed meanwhile.
        UnauthenticatedError: The account is gone.
    """
    user = await repository.find(db, subject.user_id, lock=True)
    if user is None:
        raise UnauthenticatedError("The account is gone.")
    match.check(user.version)
    user.full_name = full_name
    user.version += 1
    await db.flush()
    await db.refresh(user)
