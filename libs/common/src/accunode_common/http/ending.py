"""Ends sessions when a change takes power away."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Request

from accunode_common.auth.revocation import Revocations
from accunode_common.http.resources import resources


class Ending:
    """Voids access tokens before the transaction commits, and once more after the reply.

    Before: a Redis that is down refuses the change. After: a token that was issued from the old state, while the
    transaction was under way, is void as well.
    """

    def __init__(self, revocations: Revocations, afterwards: BackgroundTasks) -> None:
        self._revocations = revocations
        self._afterwards = afterwards

    async def user(self, user_id: UUID) -> None:
        """Void the tokens that a user has so far.

        Raises:
            redis.exceptions.RedisError: Redis did not answer.
        """
        await self._twice(self._revocations.revoke_user, user_id)

    async def tenant(self, tenant_id: UUID) -> None:
        """Void the tokens issued so far for a tenant.

        Raises:
            redis.exceptions.RedisError: Redis did not answer.
        """
        await self._twice(self._revocations.revoke_tenant, tenant_id)

    async def _twice(self, revoke: Callable[[UUID], Awaitable[Any]], of: UUID) -> None:
        await revoke(of)
        self._afterwards.add_task(revoke, of)


def _ending(request: Request, afterwards: BackgroundTasks) -> Ending:
    return Ending(resources(request).revocations, afterwards)


SessionsEnding = Annotated[Ending, Depends(_ending)]
"""For handlers that take power away: `await ending.user(id)`, in the transaction that does."""
