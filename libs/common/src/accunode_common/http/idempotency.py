"""`Idempotency-Key`: a repeated write gets the first reply, kept in the transaction that did the write."""

import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from fastapi.routing import APIRoute
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from accunode_common.auth.subject import Subject
from accunode_common.errors import IdempotencyConflictError
from accunode_common.models.ops import IdempotencyKey

LIFETIME = timedelta(hours=24)
REPLAYED_HEADER = "Idempotency-Replayed"

_KEPT_HEADERS = ("content-type", "etag", "location", "retry-after")
_KEY = "accunode.idempotency"
_BODY = "accunode.idempotency.body"


@dataclass(frozen=True, slots=True)
class _Claim:
    session: AsyncSession
    subject: Subject
    key: str


class _ReplayError(Exception):
    """Unwinds the request: the stored reply is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def describe_body(request: Request, description: str) -> None:
    """Say what stands for the body of a request that was read as a stream; call it before the session is opened.

    The bytes of such a body are gone by then, and those of a form differ from one try to the next by their boundary.
    """
    request.scope[_BODY] = description.encode()


async def _fingerprint(request: Request) -> bytes:
    body = request.scope.get(_BODY)
    digest = hashlib.sha256(request.url.query.encode() + b"\0")
    digest.update(await request.body() if body is None else body)
    return digest.digest()


async def begin(request: Request, session: AsyncSession, subject: Subject, key: str) -> None:
    """Claim `key` for this request; a request that holds it already is waited for.

    Raises:
        IdempotencyConflictError: The key was used for another request.
    """
    fingerprint = await _fingerprint(request)
    values: dict[str, Any] = {
        "method": request.method,
        "path": request.url.path,
        "request_hash": fingerprint,
        "status": None,
        "response_headers": {},
        "response_body": None,
        "expires_at": datetime.now(UTC) + LIFETIME,
    }
    claim = insert(IdempotencyKey).values(tenant_id=subject.tenant_id, user_id=subject.user_id, key=key, **values)
    claimed = await session.scalar(
        claim.on_conflict_do_update(
            index_elements=[IdempotencyKey.tenant_id, IdempotencyKey.user_id, IdempotencyKey.key],
            set_=values,
            where=IdempotencyKey.expires_at < datetime.now(UTC),
        ).returning(IdempotencyKey.key)
    )
    if claimed is not None:
        request.scope[_KEY] = _Claim(session, subject, key)
        return
    stored = (
        await session.execute(
            select(IdempotencyKey).where(
                IdempotencyKey.tenant_id == subject.tenant_id,
                IdempotencyKey.user_id == subject.user_id,
                IdempotencyKey.key == key,
            )
        )
    ).scalar_one()
    if (stored.method, stored.path, stored.request_hash) != (request.method, request.url.path, fingerprint):
        raise IdempotencyConflictError("Use a new key for a new request.")
    if stored.status is None:
        raise IdempotencyConflictError("The first reply to this key is not one that can be given again.")
    raise _ReplayError(
        Response(
            stored.response_body or b"",
            status_code=stored.status,
            headers={**stored.response_headers, REPLAYED_HEADER: "true"},
        )
    )


async def _keep(claim: _Claim, response: Response) -> None:
    await claim.session.execute(
        update(IdempotencyKey)
        .where(
            IdempotencyKey.tenant_id == claim.subject.tenant_id,
            IdempotencyKey.user_id == claim.subject.user_id,
            IdempotencyKey.key == claim.key,
        )
        .values(
            status=response.status_code,
            response_headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
            response_body=bytes(response.body),
        )
    )


class ApiRoute(APIRoute):
    """A route that keeps the reply to a write under its Idempotency-Key before the transaction commits."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with the keeping around it."""
        handler = super().get_route_handler()

        async def keep_reply(request: Request) -> Response:
            try:
                response = await handler(request)
            except _ReplayError as replay:
                return replay.response
            claim = cast("_Claim | None", request.scope.get(_KEY))
            if claim is not None and hasattr(response, "body"):
                await _keep(claim, response)
            return response

        return keep_reply
