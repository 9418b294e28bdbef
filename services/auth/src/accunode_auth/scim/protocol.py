"""What SCIM asks of every reply: its media type, and errors in its own form."""

import hashlib
import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from scim2_models import Error, PreconditionFailedException, Resource, SCIMException

from accunode_common.http.idempotency import ApiRoute
from accunode_common.http.problems import unexpected

MEDIA_TYPE = "application/scim+json"
_TYPES = {"already_exists": "uniqueness", "bad_request": "invalidSyntax"}


def version_of(resource: Resource[Any]) -> str:
    """The entity tag of a resource as it stands; a change of what is shown changes it."""
    shown = json.dumps(resource.model_dump(), sort_keys=True)
    return f'W/"{hashlib.sha256(shown.encode()).hexdigest()[:20]}"'


def require_match(tag: str | None, if_match: str | None) -> None:
    """Refuse a change of a resource that is no longer as the directory read it, by its entity tag.

    Raises:
        PreconditionFailedException: It has changed since.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if tag not in {each.strip() for each in if_match.split(",")}:
        raise PreconditionFailedException(detail="It has changed since it was read; read it again.")


class ScimResponse(JSONResponse):
    """A reply of SCIM's media type."""

    media_type = MEDIA_TYPE


class ScimRoute(ApiRoute):
    """A route that tells its errors in SCIM's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with the telling around it."""
        handler = super().get_route_handler()

        async def tell_errors(request: Request) -> Response:
            try:
                return await handler(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, the directory is told in its form
                return await _told(request, error)

        return tell_errors


async def _told(request: Request, error: Exception) -> Response:
    if isinstance(error, SCIMException):
        return _reply(error.to_error())
    if isinstance(error, ValidationError) and not isinstance(error, RequestValidationError):
        return _reply(Error.from_validation_errors(error)[0])
    rendered = await _problem(request, error)
    problem = json.loads(bytes(rendered.body))
    status = 400 if rendered.status_code == 422 else rendered.status_code
    code = problem["type"].rpartition(":")[2]
    faults = "".join(f" {fault['pointer']}: {fault['message']}" for fault in problem["errors"][:3])
    kind = "invalidValue" if rendered.status_code == 422 else _TYPES.get(code)
    kept = {name: rendered.headers[name] for name in ("www-authenticate", "retry-after") if name in rendered.headers}
    return _reply(Error(status=status, scim_type=kind, detail=problem["detail"] + faults), kept)


async def _problem(request: Request, error: Exception) -> Response:
    """The reply that every other route would give."""
    for kind in type(error).__mro__:
        handler = request.app.exception_handlers.get(kind)
        if handler is not None:
            reply: Response = await handler(request, error)
            return reply
    return unexpected(request, error)


def _reply(error: Error, headers: dict[str, str] | None = None) -> ScimResponse:
    return ScimResponse(error.model_dump(), status_code=error.status or 400, headers=headers)
