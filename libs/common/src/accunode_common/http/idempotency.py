"""`Idempotency-Key`: a repeated write gets the first reply, kept in the transaction that did the write.

A reply is given again only in the place that it was made for (tenant, organization, role and the scopes of an API key),
and only while its reader may still read the record that it shows. Elsewhere the key is refused rather than taken anew:
a retry after a lost reply never writes a second time, in a place that its sender did not mean.
"""

import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, cast
from uuid import UUID

from fastapi.routing import APIRoute
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from accunode_common.auth.subject import Subject
from accunode_common.db.base import resource_by_id
from accunode_common.errors import IdempotencyConflictError
from accunode_common.http.parameters import query_parameters
from accunode_common.http.query import refuse_unknown_parameters
from accunode_common.models.ops import IdempotencyKey

LIFETIME = timedelta(hours=24)
REPLAYED_HEADER = "Idempotency-Replayed"

_KEPT_HEADERS = ("content-type", "etag", "location", "retry-after")
_KEY = "accunode.idempotency"
_BODY = "accunode.idempotency.body"
_SHOWN = "accunode.idempotency.shown"


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


def show_record(request: Request, resource_type: str, resource_id: object) -> None:
    """Say which record the reply shows; once it is gone, or another's, the reply is not given again."""
    request.scope[_SHOWN] = (resource_type, None if resource_id is None else str(resource_id))


def _place(subject: Subject) -> bytes:
    scope = "" if subject.scope is None else " ".join(("key", *sorted(subject.scope)))
    return hashlib.sha256(f"{subject.organization_id}\0{subject.role}\0{scope}".encode()).digest()


async def _fingerprint(request: Request) -> bytes:
    body = request.scope.get(_BODY)
    digest = hashlib.sha256(request.url.query.encode() + b"\0")
    digest.update(await request.body() if body is None else body)
    return digest.digest()


async def begin(request: Request, session: AsyncSession, subject: Subject, key: str) -> None:
    """Claim `key` for this request; a request that holds it already is waited for.

    Raises:
        IdempotencyConflictError: The key was used for another request or in another place, or its reply cannot be
            given again.
    """
    fingerprint, place = await _fingerprint(request), _place(subject)
    values: dict[str, Any] = {
        "place": place,
        "method": request.method,
        "path": request.url.path,
        "request_hash": fingerprint,
        "status": None,
        "response_headers": {},
        "response_body": None,
        "resource_type": None,
        "resource_id": None,
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
    if stored.place != place:
        raise IdempotencyConflictError("The key was used with another role, organization or API key; use a new one.")
    if (stored.method, stored.path, stored.request_hash) != (request.method, request.url.path, fingerprint):
        raise IdempotencyConflictError("Use a new key for a new request.")
    if stored.status is None:
        raise IdempotencyConflictError("The first reply to this key is not one that can be given again.")
    if stored.response_body and not await _still_readable(session, stored):
        raise IdempotencyConflictError("What the first reply to this key shows is no longer there; use a new key.")
    raise _ReplayError(
        Response(
            stored.response_body or b"",
            status_code=stored.status,
            headers={**stored.response_headers, REPLAYED_HEADER: "true"},
        )
    )


async def _still_readable(session: AsyncSession, stored: IdempotencyKey) -> bool:
    if stored.resource_id is None:
        return True
    query = resource_by_id(stored.resource_type, UUID(stored.resource_id))
    return query is None or await session.scalar(query) is not None


async def _keep(claim: _Claim, response: Response, shown: tuple[str, str | None] | None) -> None:
    resource_type, resource_id = shown or (None, None)
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
            resource_type=resource_type,
            resource_id=resource_id,
        )
    )


class ApiRoute(APIRoute):
    """A route that refuses parameters it does not know, and keeps replies to writes under their Idempotency-Key."""

    @cached_property
    def known_parameters(self) -> frozenset[str]:
        """The names that the handler, or what it depends on, reads from the query."""
        return query_parameters(self.dependant)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with the refusing and the keeping around it."""
        handler = super().get_route_handler()

        async def keep_reply(request: Request) -> Response:
            if request.scope["query_string"]:
                refuse_unknown_parameters(request, self.known_parameters)
            try:
                response = await handler(request)
            except _ReplayError as replay:
                return replay.response
            claim = cast("_Claim | None", request.scope.get(_KEY))
            if claim is not None and hasattr(response, "body"):
                await _keep(claim, response, request.scope.get(_SHOWN))
            return response

        return keep_reply
