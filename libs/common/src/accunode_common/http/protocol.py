"""uvicorn's protocol, and that heads of requests must come in time: it waits for half-sent ones for ever."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class CautiousProtocol(HttpToolsProtocol):
    """Closes a connection whose next head is not whole within `head_seconds` after it was opened or the head began.

    A body that the reply did not wait for has as long. Bodies that are read are watched where they are read.
    """

    head_seconds: ClassVar[float] = 10.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The client is there."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._stop()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._stop()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """The reply is sent."""
        super().on_response_complete()
        if self.cycle is not None and self.cycle.more_body:
            self._expect_head()

    def _expect_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
