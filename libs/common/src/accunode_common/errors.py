"""What a caller can be told went wrong: each error is a class with a status and a stable code.

Services raise these; `accunode_common.http.problems` renders them as RFC 9457 problem details.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input.

    Attributes:
        pointer: Where: `/body/ratios/net_income_margin`, `/query/limit`, `/header/if-match`.
        code: A stable name of the fault, such as `missing` or `not_finite`.
        message: The same for a person, without the value itself.
    """

    pointer: str
    code: str
    message: str


MOST_FAULTS = 100
"""Faults that one reply lists; how many more there are is its last entry."""


def with_rest(faults: Sequence[FieldError], total: int) -> tuple[FieldError, ...]:
    """The first `MOST_FAULTS` of `total` faults, and an entry for the rest if there is one."""
    first = tuple(faults[:MOST_FAULTS])
    if total <= len(first):
        return first
    root = "/" + first[-1].pointer.split("/")[1] if first else ""
    return (*first, FieldError(root, "more_faults", f"{total - len(first):,} more things are wrong; mend these first."))


class ProblemError(Exception):
    """The base of every error that a caller is told about."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "The server failed"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = tuple(errors) if len(errors) <= MOST_FAULTS + 1 else with_rest(errors, len(errors))
        self.headers = dict(headers or {})


class BadRequestError(ProblemError):
    """The request cannot be read at all."""

    status = 400
    code = "bad_request"
    title = "The request cannot be read"


class UnauthenticatedError(ProblemError):
    """Nobody is signed in, or no longer."""

    status = 401
    code = "unauthenticated"
    title = "Sign in first"

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer", **(headers or {})})


class ForbiddenError(ProblemError):
    """The caller may see the thing, but not do this with it."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class StepUpRequiredError(ForbiddenError):
    """The caller may do it, once they have shown anew who they are: `POST /auth/step-up`."""

    code = "step_up_required"
    title = "Show again who you are"


class NotFoundError(ProblemError):
    """The thing does not exist, or the caller may not know that it does."""

    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowedError(ProblemError):
    """The path exists, with other methods."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class RequestTimeoutError(ProblemError):
    """The request came too slowly."""

    status = 408
    code = "request_timeout"
    title = "The request came too slowly"


class ConflictError(ProblemError):
    """The state of the thing does not allow this."""

    status = 409
    code = "conflict"
    title = "Conflict"


class AlreadyExistsError(ConflictError):
    """A thing with the same natural key is already there."""

    code = "already_exists"
    title = "Already exists"


class IdempotencyConflictError(ConflictError):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_conflict"
    title = "The idempotency key belongs to another request"


class GoneError(ProblemError):
    """A single-use thing was used, or its time is over."""

    status = 410
    code = "gone"
    title = "No longer valid"


class StaleVersionError(ProblemError):
    """The resource has changed since the caller read it."""

    status = 412
    code = "stale_version"
    title = "The resource has changed meanwhile"


class PayloadTooLargeError(ProblemError):
    """The body is larger than this route accepts."""

    status = 413
    code = "payload_too_large"
    title = "The body is too large"


class UnsupportedMediaTypeError(ProblemError):
    """The body is of a kind that this route does not read."""

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class UnprocessableInputError(ProblemError):
    """The input was read and is not acceptable; `errors` says what, where and why."""

    status = 422
    code = "invalid_input"
    title = "The input is not acceptable"

    @classmethod
    def at(cls, pointer: str, code: str, message: str) -> "UnprocessableInputError":
        """The error for a single fault."""
        return cls(message, errors=(FieldError(pointer, code, message),))


class RateLimitedError(ProblemError):
    """The caller asked too often.

    Attributes:
        retry_after: Whole seconds until the next request is accepted.
    """

    status = 429
    code = "rate_limited"
    title = "Too many requests"

    def __init__(
        self, retry_after: int, detail: str | None = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail, headers={**(headers or {}), "Retry-After": str(retry_after)})
        self.retry_after = retry_after


class InternalError(ProblemError):
    """Something unexpected; the log has it under the request's id."""


class ServiceUnavailableError(ProblemError):
    """Something that this request needs is down; the same request can succeed later."""

    status = 503
    code = "service_unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str | None = None, *, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class InsufficientStorageError(ProblemError):
    """There is no room left for what was sent; nothing of it was kept."""

    status = 507
    code = "insufficient_storage"
    title = "The storage is full"


CATALOGUE: tuple[type[ProblemError], ...] = (
    BadRequestError,
    UnauthenticatedError,
    ForbiddenError,
    StepUpRequiredError,
    NotFoundError,
    MethodNotAllowedError,
    RequestTimeoutError,
    ConflictError,
    AlreadyExistsError,
    IdempotencyConflictError,
    GoneError,
    StaleVersionError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
    UnprocessableInputError,
    RateLimitedError,
    InternalError,
    ServiceUnavailableError,
    InsufficientStorageError,
)
