"""ECS's agent, as far as tasks ask it for protection."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Agent(ThreadingHTTPServer):
    """Answers as ECS's agent does, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: tuple[int, Any] | None = None
        self.dribbles = threading.Event()
        self.closing = threading.Event()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/abc"

    @property
    def states(self) -> list[dict[str, Any]]:
        return [state for _, state in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        state = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, state))
        held = {"protection": {"ProtectionEnabled": state["ProtectionEnabled"], "TaskArn": "arn"}}
        status, answer = self.server.answer or (200, held)
        self.send_response(status)
        self.end_headers()
        while self.server.dribbles.is_set() and not self.server.closing.wait(0.1):
            self.wfile.write(b" ")
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def agent_running() -> Iterator[Agent]:
    """An agent that answers until the end of the block."""
    with Agent() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join(10)
