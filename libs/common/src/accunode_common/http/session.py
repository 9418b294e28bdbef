"""A handler's database session: one transaction for its caller, committed before the reply's first byte."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Request
from sqlalchemy.ext.asyncio import AsyncSession

from accunode_common.auth.subject import Subject
from accunode_common.http import idempotency
from accunode_common.http.callers import SAFE_METHODS, authenticated
from accunode_common.http.resources import resources

_Caller = Annotated[Subject, Depends(authenticated)]


async def secret_session(request: Request, subject: _Caller) -> AsyncIterator[AsyncSession]:
    """A transaction in which row-level security knows the caller."""
    async with resources(request).database.transaction(subject.access) as session:
        yield session


async def subject_session(
    request: Request,
    subject: _Caller,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=8,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="Writes only: a repeat under the same key within 24 h gets the first reply.",
        ),
    ] = None,
) -> AsyncIterator[AsyncSession]:
    """A transaction in which row-level security knows the caller, and writes with an Idempotency-Key happen once.

    Raises:
        IdempotencyConflictError: The key was used for another request.
    """
    async with resources(request).database.transaction(subject.access) as session:
        if idempotency_key is not None and request.method not in SAFE_METHODS:
            await idempotency.begin(request, session, subject, idempotency_key)
        yield session


SubjectSession = Annotated[AsyncSession, Depends(subject_session, scope="function")]
"""The caller's transaction. On writes it honours `Idempotency-Key`."""

SecretSession = Annotated[AsyncSession, Depends(secret_session, scope="function")]
"""The caller's transaction of a reply that holds secrets and must not be stored: it has no `Idempotency-Key`."""
