"""Notes the statements that this process sends to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


@contextmanager
def sent_statements() -> Iterator[list[tuple[str, Any]]]:
    """The statements that the block sends, through any of the process's engines, in order, and their parameters.

    BEGIN and COMMIT are not among them.
    """
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def at_most(*, statements: int) -> Iterator[list[tuple[str, Any]]]:
    """Fail a test whose block sends more statements than these; gives them as `sent_statements` does."""
    with sent_statements() as sent:
        yield sent
    told = "\n".join(f"{number}. {' '.join(text.split())[:200]}" for number, (text, _) in enumerate(sent, 1))
    assert len(sent) <= statements, f"{len(sent)} statements instead of at most {statements}:\n{told}"
