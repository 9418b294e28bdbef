"""What middleware and dependencies know about the request at hand."""

from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request
from starlette.types import Scope

_KEY = "accunode.request"


@dataclass(slots=True)
class RequestInfo:
    """Facts about one request.

    Attributes:
        request_id: The id in `X-Request-ID`, in every log line and in every problem.
        reply_headers: Headers that the reply gets whatever it is, a problem included.
    """

    request_id: str
    reply_headers: dict[str, str] = field(default_factory=dict)


def attach(scope: Scope, info: RequestInfo) -> None:
    """Make `info` the facts of the request."""
    scope[_KEY] = info


def request_info(request: Request) -> RequestInfo:
    """The facts of the request."""
    return cast(RequestInfo, request.scope[_KEY])
