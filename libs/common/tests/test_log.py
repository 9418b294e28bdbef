"""Log lines are structured, carry the request, and never a secret."""

import io
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import BaseModel

from accunode_common.auth.credentials import Credential
from accunode_common.ids import new_id
from accunode_common.log import REDACTED, configure_logging, get_logger
from accunode_common.settings import LogFormat, LogSettings


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(LogSettings(format=LogFormat.JSON), service="things")
    yield stream
    root.handlers, root.level = handlers, level
    sys.excepthook, threading.excepthook = hooks
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


ADDRESSES = ["ada@bank.example", "Ada.Lovelace+x@sub.bank.example", "ünï@bänk.example", "ada%40bank.example"]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("text", ["{}", "<{}>", "to={};", "/api/v1/whitelist/{}", "sent to {}, twice", "{{'{}': 550}}"])
def test_an_email_address_is_never_written(written: io.StringIO, address: str, text: str) -> None:
    get_logger("x").info("told", note=text.format(address), nested=[{"deep": text.format(address)}])
    (line,) = lines(written)
    assert address not in written.getvalue()
    assert line["note"] == text.format(REDACTED)


def test_what_looks_like_no_secret_is_left_alone(written: io.StringIO) -> None:
    facts = {
        "worker": "celery@host",
        "job_id": "0192d6d4-0000-7000-8000-0000a47dd2c1",
        "reason": 'connection to server at "10.0.0.1", port 5432 failed: Connection refused',
        "operation": "create_a_prediction_with_a_long_name_but_of_no_random_letters",
    }
    get_logger("x").info("told", **facts)
    (line,) = lines(written)
    assert {name: line[name] for name in facts} == facts


@pytest.mark.parametrize("prefix", ["rt", "ak", "pr", "ev", "mc", "anjoin"])
def test_an_opaque_credential_is_never_written(written: io.StringIO, prefix: str) -> None:
    text = Credential.new(prefix, new_id()).text
    get_logger("x").info("told", note=f"sent {text} along")
    assert text not in written.getvalue()


@pytest.mark.parametrize("unit", ["a", "%40", "a@", "a_", "\nDETAIL", "("])
@pytest.mark.usefixtures("written")
def test_redaction_takes_time_in_proportion_to_the_text(unit: str) -> None:
    def seconds(length: int) -> float:
        began = time.process_time()
        get_logger("x").info("told", note=unit * (length // len(unit)))
        return time.process_time() - began

    # Ten times the text: about ten times the work, where work by the square would be a hundred times.
    assert min(seconds(40_000) for _ in range(3)) < 40 * max(min(seconds(4_000) for _ in range(3)), 0.001)


@pytest.mark.parametrize("log_format", LogFormat)
@pytest.mark.usefixtures("written")
def test_the_values_in_an_errors_text_are_not_written(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat
) -> None:
    configure_logging(LogSettings(format=log_format), service="things")

    class Strict(BaseModel):
        amount: int

    name = "quixotic holdings"
    errors: list[Exception] = [
        ValueError("duplicate key value\nDETAIL:  Key (name_key)=(quixotic holdings) already exists."),
        ValueError("COPY failed\nCONTEXT:  COPY incoming, line 1: quixotic holdings"),
        ValueError("[SQL: insert]\n[parameters: {'name': 'quixotic holdings'}]"),
    ]
    try:
        Strict.model_validate({"amount": name})
    except ValueError as error:
        errors.append(error)
    for each in errors:
        get_logger("x").error("unexpected error", exc_info=each)
    text = capsys.readouterr().err
    assert text.count("unexpected error") == len(errors)
    assert "ValidationError" in text
    assert "quixotic" not in text


def test_what_nobody_caught_is_a_line_like_any_other(written: io.StringIO) -> None:
    def fail() -> None:
        secret = "hunter22"
        assert secret
        raise RuntimeError("broken for ada@bank.example")

    ended = threading.Thread(target=fail)
    ended.start()
    ended.join()
    try:
        fail()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    for line in lines(written):
        assert (line["event"], line["level"]) == ("uncaught error", "critical")
        assert line["exception"][0]["exc_type"] == "RuntimeError"
    assert len(lines(written)) == 2
    assert "hunter22" not in written.getvalue()
    assert "ada@" not in written.getvalue()
