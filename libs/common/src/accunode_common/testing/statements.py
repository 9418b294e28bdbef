"""Counts the statements that this process sends to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event


@contextmanager
def at_most(*, statements: int) -> Iterator[list[str]]:
    """Fail a test whose block sends more statements than these, through any of the process's engines.

    Gives the list that they are noted in, in order; BEGIN and COMMIT are not among them.
    """
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    told = "\n".join(f"{number}. {' '.join(statement.split())[:200]}" for number, statement in enumerate(sent, 1))
    assert len(sent) <= statements, f"{len(sent)} statements instead of at most {statements}:\n{told}"
