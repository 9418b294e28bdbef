"""Callers that go on while something is replaced, and note every answer."""

import http.client
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.api import Analyst

READERS = 6
MOST_REQUESTS = 60_000
LEAST_PER_SECOND = 10
"""What a machine with other work reaches too (21 were seen); half a second without an answer would then fail five."""


class Load:
    """Callers without pause, unless one is given; most read a list, one changes a name.

    Each request has a connection of its own.

    Attributes:
        answers: How often each method got each status or error.
        seconds: How long it lasted.
        name: The last one that a change was answered for.
    """

    def __init__(
        self,
        base_url: str,
        user: Mapping[str, Any],
        *,
        trusting: ssl.SSLContext | None = None,
        readers: int = READERS,
        pause: float = 0,
    ) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()
        self.seconds = 0.0
        self._address = urlsplit(base_url)
        self._trusting = trusting
        self._readers = readers
        self._pause = pause
        self._ended = threading.Event()
        self._counting = threading.Lock()
        with Analyst(base_url, user["email"], user["password"], trusting=trusting) as signed_in:
            authorization = signed_in.http.headers["Authorization"]
        self._headers = {"Authorization": authorization, "Content-Type": "application/json", "Connection": "close"}
        self._list = "/api/v1/organizations"
        organization = self._ask("GET", self._list)["items"][0]
        self._one = f"{self._list}/{organization['id']}"
        self.name = self._first_name = organization["name"]

    @contextmanager
    def running(self) -> Iterator[None]:
        """The load, until the end of this or `MOST_REQUESTS`."""
        callers = [threading.Thread(target=self._read) for _ in range(self._readers)]
        callers.append(threading.Thread(target=self._write))
        began = time.monotonic()
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            self._ended.set()
            for caller in callers:
                caller.join()
            self.seconds = time.monotonic() - began

    def name_now(self) -> str:
        """The name that the organization has."""
        return str(self._ask("GET", self._one)["name"])

    def name_as_before(self) -> None:
        """Give the organization the name that it had."""
        self._ask("PATCH", self._one, {"name": self._first_name})

    def _read(self) -> None:
        while self._goes_on():
            self._count("GET", self._list)

    def _write(self) -> None:
        while self._goes_on():
            name = f"{self._first_name} {self.answers.total()}"
            if self._count("PATCH", self._one, {"name": name}):
                self.name = name

    def _goes_on(self) -> bool:
        return not self._ended.is_set() and self.answers.total() < MOST_REQUESTS

    def _count(self, method: str, path: str, body: dict[str, str] | None = None) -> bool:
        try:
            status = str(self._send(method, path, body)[0])
        except (OSError, http.client.HTTPException) as error:
            status = repr(error)
        with self._counting:
            self.answers[method, status] += 1
        self._ended.wait(self._pause)
        return status == "200"

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        status, content = self._send(method, path, body)
        assert status == 200, content
        return json.loads(content)

    def _send(self, method: str, path: str, body: dict[str, str] | None) -> tuple[int, bytes]:
        host, port = str(self._address.hostname), self._address.port
        connection = (
            http.client.HTTPConnection(host, port, timeout=30)
            if self._trusting is None
            else http.client.HTTPSConnection(host, port, timeout=30, context=self._trusting)
        )
        try:
            connection.request(method, path, json.dumps(body) if body else None, self._headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()
