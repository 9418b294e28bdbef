"""The one place that renders errors: RFC 9457 problem details."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg import errors as pg
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError
from sqlalchemy import exc as sa
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from accunode_common.errors import (
    CATALOGUE,
    AlreadyExistsError,
    FieldError,
    ForbiddenError,
    InsufficientStorageError,
    InternalError,
    ProblemError,
    ServiceUnavailableError,
    UnprocessableInputError,
)
from accunode_common.http.context import request_info
from accunode_common.http.faults import field_errors, nul_characters, refusal
from accunode_common.log import get_logger

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:accunode:problem:"

logger = get_logger(__name__)

_SECURITY_EVENTS = {401: "authentication failed", 403: "authorization denied", 429: "rate limit exceeded"}

_CODE_OF_STATUS: dict[int, type[ProblemError]] = {}
for _error in CATALOGUE:
    _CODE_OF_STATUS.setdefault(_error.status, _error)


class ProblemField(BaseModel):
    """One thing wrong with the input."""

    pointer: str = Field(description="Where: a JSON pointer that begins with body, query, path or header.")
    code: str = Field(description="A stable name of the fault.")
    message: str = Field(description="What is wrong and what to do, in one sentence.")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: str = Field(description="A URN that ends in the error's stable code.")
    title: str = Field(description="What kind of error it is, the same each time.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What was wrong this time, and what to do.")
    instance: str = Field(description="The path of the request.")
    request_id: str = Field(description="The id under which the log has the request.")
    errors: list[ProblemField] = Field(description="What is wrong with the input; empty for other errors.")


def problem_response(
    request: Request,
    *,
    status: int,
    code: str,
    title: str,
    detail: str | None = None,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The reply that tells the caller about an error."""
    problem = Problem(
        type=TYPE_PREFIX + code,
        title=title,
        status=status,
        detail=detail or title,
        instance=request.scope["path"],
        request_id=request_info(request).request_id,
        errors=[ProblemField(pointer=e.pointer, code=e.code, message=e.message) for e in errors],
    )
    return JSONResponse(problem.model_dump(), status_code=status, headers=headers, media_type=MEDIA_TYPE)


def render(request: Request, error: ProblemError) -> JSONResponse:
    """The reply for an error of the catalogue."""
    return problem_response(
        request,
        status=error.status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        errors=error.errors,
        headers=error.headers,
    )


async def _on_problem(request: Request, error: ProblemError) -> JSONResponse:
    refused = _SECURITY_EVENTS.get(error.status)
    if refused is not None:
        logger.warning(refused, **_operation(request), problem=error.code, reason=error.detail)
    return render(request, error)


def _operation(request: Request) -> dict[str, str | None]:
    """What was called, by its operation id; the log line has the caller and the request's id by itself."""
    called = getattr(request.scope.get("endpoint"), "__name__", None)
    return {"method": request.method, "operation": called, "client": request.client.host if request.client else None}


def _fault(error: BaseException | None) -> str:
    """What the database refused, without the values of the statement."""
    diagnosis = getattr(error, "diag", None)
    if diagnosis is None or diagnosis.sqlstate is None:
        return str(error).strip().partition("\n")[0]
    place = (diagnosis.sqlstate, diagnosis.table_name, diagnosis.constraint_name)
    return " ".join((type(error).__name__, *(part for part in place if part)))


async def _on_validation(request: Request, error: RequestValidationError) -> JSONResponse:
    body = getattr(request.scope.get("route"), "body_field", None)
    return render(request, refusal(field_errors(error.errors(), body.field_info.annotation if body else None)))


async def _on_http(request: Request, error: HTTPException) -> JSONResponse:
    known = _CODE_OF_STATUS.get(error.status_code)
    title = known.title if known else HTTPStatus(error.status_code).phrase
    return problem_response(
        request,
        status=error.status_code,
        code=known.code if known else f"http_{error.status_code}",
        title=title,
        detail=error.detail if error.detail != HTTPStatus(error.status_code).phrase else None,
        headers=error.headers,
    )


async def _on_redis(request: Request, error: RedisError) -> JSONResponse:
    logger.error("redis failed", reason=str(error))
    return render(request, ServiceUnavailableError())


async def _on_database(request: Request, error: sa.DBAPIError) -> JSONResponse:
    cause = error.orig
    if isinstance(cause, pg.UniqueViolation):
        return render(request, AlreadyExistsError())
    if isinstance(cause, (pg.SerializationFailure, pg.DeadlockDetected, pg.LockNotAvailable)):
        logger.warning("transaction gave way", reason=_fault(cause))
        return render(request, ServiceUnavailableError(retry_after=1))
    if isinstance(cause, pg.DiskFull):
        logger.error("the database's disk is full")
        return render(request, InsufficientStorageError("The database is full: ask the administrator to free space."))
    if isinstance(cause, pg.InsufficientPrivilege):
        logger.warning("authorization denied", **_operation(request), problem="database", reason=_fault(cause))
        return render(request, ForbiddenError())
    if isinstance(error, sa.DataError):
        logger.info("the database refused a value", reason=_fault(cause))
        faults = await nul_characters(request)
        out_of_range = UnprocessableInputError("A value cannot be stored: it is out of range.")
        return render(request, refusal(faults) if faults else out_of_range)
    if isinstance(error, (sa.OperationalError, sa.InterfaceError)):
        logger.error("the database failed", reason=_fault(cause))
        return render(request, ServiceUnavailableError())
    return unexpected(request, error)


async def _on_pool_timeout(request: Request, error: sa.TimeoutError) -> JSONResponse:
    logger.error("no database connection was free", reason=str(error))
    return render(request, ServiceUnavailableError(retry_after=1))


def unexpected(request: Request, error: Exception) -> JSONResponse:
    """Log an error that nobody foresaw; the caller learns its request id and nothing else."""
    logger.error("unexpected error", exc_info=error)
    return render(request, InternalError())


def install(app: FastAPI) -> None:
    """Render every error of `app` as a problem; middleware renders those that nobody foresaw."""
    handlers: dict[Any, Any] = {
        ProblemError: _on_problem,
        RequestValidationError: _on_validation,
        HTTPException: _on_http,
        RedisError: _on_redis,
        sa.DBAPIError: _on_database,
        sa.TimeoutError: _on_pool_timeout,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
