"""A process works on as many requests at once as it has connections; the others wait their turn, and not for long.

Whatever is begun beyond that makes all of it slower, until Redis and the callers give up. When for a while nobody has
had a turn soon, the wait gets short: those who are refused learn it early, and those who are not have hardly waited
(K. Nichols and V. Jacobson, "Controlling Queue Delay", 2012; B. Maurer, "Fail at Scale", 2015).
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accunode_common.errors import ServiceUnavailableError
from accunode_common.http.problems import render

_SHORT, _SOON = 0.2, 0.05
"""Parts of the patience: what is left of it when no wait has been soon over for the whole of it."""
_REFUSAL = "More is asked than can be answered now; ask again."
_RETRY_AFTER = 1
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Turns:
    """The turns of a process.

    Args:
        at_once: How many there are.
        patience: Seconds that one waits for a turn.
        clock: What tells the seconds.
    """

    def __init__(self, at_once: int, patience: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._patience = patience
        self._clock = clock
        self._smooth_at = self._clock()

    async def take(self) -> None:
        """Wait for a turn.

        Raises:
            TimeoutError: None came.
        """
        begun = self._clock()
        if not self._free.locked():
            await self._free.acquire()
            self._smooth_at = begun
            return
        stands = begun - self._smooth_at > self._patience
        async with asyncio.timeout(self._patience * (_SHORT if stands else 1)):
            await self._free.acquire()
        now = self._clock()
        if now - begun < self._patience * _SOON:
            self._smooth_at = now

    def give_back(self) -> None:
        """Let the next one in."""
        self._free.release()


class TakeTurns:
    """Has each request with a credential wait for a turn, which it has until its reply begins, or answers it 503.

    A body is waited for without a turn, so that slow senders hold none. Requests without a credential have limits of
    their own.

    Args:
        app: The application.
        turns: The turns.
        without: Method and path of requests that need none, as their bodies are work by themselves.
    """

    def __init__(self, app: ASGIApp, *, turns: Turns, without: Collection[tuple[str, str]] = ()) -> None:
        self.app = app
        self.turns = turns
        self.without = without

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"authorization" not in headers or (scope["method"], scope["path"]) in self.without:
            await self.app(scope, receive, send)
            return
        turn = _Turn(self.turns, receive, send)
        if not _sends_body(scope["method"], headers):
            try:
                await turn.take()
            except TimeoutError:
                reply = render(Request(scope), ServiceUnavailableError(_REFUSAL, retry_after=_RETRY_AFTER))
                await reply(scope, receive, send)
                return
        try:
            await self.app(scope, turn.receive, turn.send)
        finally:
            turn.end()


def _sends_body(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a body comes that a handler may wait for."""
    length = headers.get(b"content-length", b"0")
    return method in _WITH_BODY and (length != b"0" or b"transfer-encoding" in headers)


class _Turn:
    """One request's turn, which begins once and ends once."""

    def __init__(self, turns: Turns, receive: Receive, send: Send) -> None:
        self._turns = turns
        self._receive = receive
        self._send = send
        self._begun = self._held = False

    async def take(self) -> None:
        await self._turns.take()
        self._begun = self._held = True

    def end(self) -> None:
        if self._held:
            self._held = False
            self._turns.give_back()

    async def receive(self) -> Message:
        """The next message; with the last of the body the turn begins.

        Raises:
            HTTPException: No turn came. FastAPI passes it on while it reads a body, and hides other errors.
        """
        message = await self._receive()
        if not self._begun and not message.get("more_body", False):
            try:
                await self.take()
            except TimeoutError:
                raise HTTPException(503, _REFUSAL, headers={"Retry-After": str(_RETRY_AFTER)}) from None
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.end()
        await self._send(message)
