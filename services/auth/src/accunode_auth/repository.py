"""Write rows at once, so that what the database refuses is refused here and not at the commit."""

from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.db.base import Base


async def write_row(db: AsyncSession, row: Base) -> None:
    """Insert a row, or write what was changed of it.

    Raises:
        IntegrityError: A constraint forbids it.
    """
    db.add(row)
    await db.flush()


async def write_and_read(db: AsyncSession, row: Base) -> None:
    """Write a row and read what the database filled in; raises what `write_row` raises."""
    await write_row(db, row)
    await db.refresh(row)


async def write_changes(db: AsyncSession) -> None:
    """Write what was changed of rows that were read.

    Raises:
        IntegrityError: A constraint forbids it.
    """
    await db.flush()
