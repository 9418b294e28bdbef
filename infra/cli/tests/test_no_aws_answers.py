"""What answers in AWS's place, or does not answer, is told in one sentence."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from infra.cli.tests.conftest import Run

from accunode_infra import answering
from accunode_infra.aws import Session, explained
from accunode_infra.errors import RefusedError


class Page(BaseHTTPRequestHandler):
    """A proxy's page, to every question."""

    def do_POST(self) -> None:
        body = b"<html><body>Please sign in<br></body></html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def page() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return monkeypatch


@pytest.fixture
def silence() -> Iterator[str]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    "verb",
    [
        ["status"],
        ["events", "network"],
        ["plan", "network"],
        ["images", "list"],
        ["secrets", "list"],
        ["alarms", "list"],
    ],
)
def test_a_page_in_place_of_an_answer_is_named(
    run: Run, page: str, signed_in: pytest.MonkeyPatch, verb: list[str]
) -> None:
    signed_in.setenv("AWS_ENDPOINT_URL", page)
    found = run(*verb)
    assert found.exit_code == 3
    assert "What answers is not AWS" in found.output
    assert "AWS_ENDPOINT_URL" in found.output


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        ("ssm", "get_parameter", {"Name": "/accunode/production/tier"}),
        ("ecr", "describe_images", {"repositoryName": "accunode/auth"}),
        ("cloudwatch", "describe_alarms", {}),
        ("s3", "list_buckets", {}),
    ],
)
def test_a_page_is_no_answer_of_any_service(
    page: str, signed_in: pytest.MonkeyPatch, service: str, operation: str, asked: dict[str, str]
) -> None:
    signed_in.setenv("AWS_ENDPOINT_URL", page)
    with pytest.raises(RefusedError, match="What answers is not AWS"), explained():
        getattr(Session().client(service), operation)(**asked)


def test_an_endpoint_that_never_answers_is_asked_again_aloud_and_then_given_up(
    run: Run, silence: str, signed_in: pytest.MonkeyPatch
) -> None:
    signed_in.setenv("AWS_ENDPOINT_URL", silence)
    signed_in.setattr(answering, "READ_SECONDS", 0.1)
    found = run("status")
    assert found.exit_code == 1
    assert found.output.count("does not answer; asking it again") == answering.READS - 1
    assert "AWS did not answer within a minute" in found.stderr


def test_waiting_for_an_endpoint_ends_within_about_a_minute() -> None:
    assert answering.READS * answering.READ_SECONDS <= 60
    assert answering.CONNECTIONS * answering.CONNECT_SECONDS <= 60


@pytest.mark.parametrize("endpoint", ["nonsense", "http://", "http://127.0.0.1:99999", "ftp://127.0.0.1"])
def test_an_endpoint_that_is_no_address_is_refused(run: Run, signed_in: pytest.MonkeyPatch, endpoint: str) -> None:
    signed_in.setenv("AWS_ENDPOINT_URL", endpoint)
    found = run("status")
    assert found.exit_code == 3
    assert "AWS_ENDPOINT_URL" in found.stderr
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("seconds", ["abc", "nan", "-1", "1e9", ""])
def test_a_pause_that_is_no_number_of_seconds_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    monkeypatch.setenv("ACCUNODE_POLL_SECONDS", seconds)
    found = run("status")
    assert found.exit_code == 3
    assert f"ACCUNODE_POLL_SECONDS cannot be {seconds!r}" in found.stderr
