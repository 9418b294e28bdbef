"""Whether AWS answers: how long it is waited for, and whether what answers is AWS at all."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

READ_SECONDS = 30.0
CONNECT_SECONDS = 5.0
READS = 2
CONNECTIONS = 4
"""With the pauses between them, both ways of not answering are told within about a minute."""


def patience() -> Config:
    """How long clients wait. What AWS throttles is asked up to eight times, what does not answer less often."""
    return Config(
        retries={"mode": "standard", "max_attempts": 8},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        user_agent_extra="accunode-infra",
    )


def listen(events: Any, say: Callable[[str], None]) -> None:
    """Hook into a boto3 session, before its first client: give up, or say that it is asked again; refuse pages."""

    def again(attempts: int, caught_exception: Exception | None, request_dict: dict[str, Any], **_: Any) -> None:
        allowed = {ReadTimeoutError: READS, ConnectTimeoutError: CONNECTIONS, EndpointConnectionError: CONNECTIONS}
        if caught_exception is None or type(caught_exception) not in allowed:
            return
        if attempts >= allowed[type(caught_exception)]:
            raise caught_exception
        say(f"{urlsplit(request_dict['url']).netloc} does not answer; asking it again.")

    events.register("needs-retry.*.*", again)
    events.register("before-parse.*.*", _refuse_page)


def _refuse_page(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """A proxy's page would be read as an answer of AWS in which everything is missing."""
    body = response_dict["body"]
    if not isinstance(body, bytes) or not body.strip() or response_dict["status_code"] >= 500:
        return
    if b"<html" in body[:1000].lower():
        raise ResponseParserError(f"the answer to {operation_model.name} is a page of HTML")
    if operation_model.service_model.resolved_protocol == "json":
        try:
            json.loads(body)
        except ValueError:
            raise ResponseParserError(f"the answer to {operation_model.name} is not JSON") from None
