"""One connection to the API. httpx takes about half a millisecond a request, which would be the server's to use."""

import asyncio
from dataclasses import dataclass, field

import httptools

from accunode_devstack.ports import LOOPBACK

REPLY_SECONDS = 30.0


class LostConnectionError(ConnectionError):
    """The server closed the connection before it had replied."""


@dataclass
class Reply:
    """A reply as it was read."""

    status: int = 0
    body: bytearray = field(default_factory=bytearray)


class _Wire(asyncio.Protocol):
    """Reads one reply after the other."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.open = False
        self._parser: httptools.HttpResponseParser | None = None
        self._reply = Reply()
        self._waiting: asyncio.Future[Reply] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.open = transport, True

    def send(self, request: bytes) -> asyncio.Future[Reply]:
        """Send a request; the reply, as soon as it is whole."""
        assert self.transport is not None
        self._parser, self._reply = httptools.HttpResponseParser(self), Reply()
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        if self._parser is not None:
            self._parser.feed_data(data)

    def connection_lost(self, _: Exception | None) -> None:
        self.open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(LostConnectionError())

    def on_body(self, body: bytes) -> None:
        """A part of the body has come."""
        self._reply.body += body

    def on_message_complete(self) -> None:
        """The reply is whole."""
        assert self._parser is not None
        self._reply.status = self._parser.get_status_code()
        if not self._parser.should_keep_alive() and self.transport is not None:
            self.open = False
            self.transport.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._reply)


class Connection:
    """A person's connection, which is opened when it is needed and kept.

    Attributes:
        token: Whose it is: the access token that is sent, if there is one.
    """

    def __init__(self, port: int, token: str) -> None:
        self.token = token
        self._port = port
        self._wire: _Wire | None = None

    async def request(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """Send a request and wait for its reply.

        A kept connection that the server has given up is opened anew, as every client does.

        Raises:
            OSError: There is no connection, or no reply within 30 seconds.
        """
        sent = body or b""
        typed = b"" if body is None else b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(sent)
        head = f"{method} {path} HTTP/1.1\r\nHost: {LOOPBACK}:{self._port}\r\n"
        shown = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        request = b"%s%s%s\r\n%s" % (head.encode(), shown.encode(), typed, sent)
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                return await self._sent(request)
        except TimeoutError:
            # Its reply may still come, and would be taken for that of the next request.
            self.close()
            raise

    async def _sent(self, request: bytes) -> Reply:
        kept = self._wire is not None and self._wire.open
        try:
            return await (await self._opened()).send(request)
        except LostConnectionError:
            if not kept:
                raise
            return await (await self._opened()).send(request)

    def close(self) -> None:
        """Close the connection."""
        wire, self._wire = self._wire, None
        if wire is not None and wire.transport is not None:
            wire.transport.close()

    async def _opened(self) -> _Wire:
        if self._wire is None or not self._wire.open:
            _, self._wire = await asyncio.get_running_loop().create_connection(_Wire, LOOPBACK, self._port)
        return self._wire
