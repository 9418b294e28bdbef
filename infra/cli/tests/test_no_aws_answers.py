"""What answers in AWS's place, or does not answer, is told in one sentence."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from infra.cli.tests.conftest import Run


class Page(BaseHTTPRequestHandler):
    """A proxy's page, to every question."""

    def do_POST(self) -> None:
        body = b"<html><body>Please sign in<br></body></html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

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


@pytest.mark.parametrize("verb", [["status"], ["events", "network"]])
def test_a_page_in_place_of_an_answer_is_named(
    run: Run, page: str, signed_in: pytest.MonkeyPatch, verb: list[str]
) -> None:
    signed_in.setenv("AWS_ENDPOINT_URL", page)
    found = run(*verb)
    assert found.exit_code == 3
    assert "What answers is not AWS" in found.output
    assert "AWS_ENDPOINT_URL" in found.output
