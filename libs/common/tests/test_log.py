"""Log lines are structured, carry the request, and never a secret."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from accunode_common.log import REDACTED, configure_logging, get_logger
from accunode_common.settings import LogFormat, LogSettings


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(LogSettings(log_format=LogFormat.JSON), service="things")
    yield stream
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_the_service_the_context_and_the_facts(written: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        get_logger("x").info("thing made", thing=7)
    (line,) = lines(written)
    assert line["event"] == "thing made"
    assert (line["service"], line["request_id"], line["thing"], line["level"]) == ("things", "r-1", 7, "info")


def test_the_standard_librarys_records_go_the_same_way(written: io.StringIO) -> None:
    logging.getLogger("library").warning("low on %s", "memory")
    (line,) = lines(written)
    assert (line["event"], line["logger"]) == ("low on memory", "library")


def test_secrets_are_never_written(written: io.StringIO) -> None:
    token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    get_logger("x").info(
        "told too much",
        password="hunter22",
        refresh_token="r",
        headers={"Authorization": f"Bearer {token}", "Accept": "*/*"},
        url="redis://:topsecret@host:6379/0",
        note=f"sent {token} along",
    )
    text = written.getvalue()
    for secret in ("hunter22", token, "topsecret"):
        assert secret not in text
    (line,) = lines(written)
    assert line["password"] == REDACTED
    assert line["headers"]["Accept"] == "*/*"


def test_an_errors_stack_trace_is_in_the_log_without_local_variables(written: io.StringIO) -> None:
    local = "hunter22"
    try:
        assert local
        raise ValueError("broken")
    except ValueError as error:
        get_logger("x").error("unexpected error", exc_info=error)
    (line,) = lines(written)
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert "hunter22" not in written.getvalue()
