"""Reads a multipart body as a stream: the caller takes each part's bytes as they arrive, and nothing is kept."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers

from accunode_common.errors import BadRequestError, UnsupportedMediaTypeError

_MOST_PARTS: Final = 20


@dataclass(frozen=True, slots=True)
class PartHeader:
    """The head of a part: the field's name, and the file's name if the part is a file."""

    name: str
    file_name: str | None


class _End:
    """The end of a part."""


_END = _End()
_Event = PartHeader | bytes | _End


class MultipartReader:
    """The parts of one body, in order. Take each part's `chunks` before the next part.

    Args:
        headers: The request's headers.
        body: The request's body as it arrives.

    Raises:
        UnsupportedMediaTypeError: The body is no multipart/form-data.
        BadRequestError: It has no boundary, or one that is too long.
    """

    def __init__(self, headers: Headers, body: AsyncIterator[bytes]) -> None:
        kind, options = parse_options_header(headers.get("content-type", ""))
        if kind != b"multipart/form-data":
            raise UnsupportedMediaTypeError("Send the file as multipart/form-data.")
        if b"boundary" not in options:
            raise BadRequestError("The body's content type names no boundary.")
        self._body = body
        self._events: deque[_Event] = deque()
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._on_part_begin,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                },
            )
        except FormParserError as error:
            raise BadRequestError(f"The body's boundary cannot be used: {error}") from None
        self._parts = 0
        self._field = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._whole = False

    async def next_part(self) -> PartHeader | None:
        """The head of the next part; None at the end.

        Raises:
            BadRequestError: The body is damaged or breaks off.
        """
        while (event := await self._next()) is not None:
            if isinstance(event, PartHeader):
                return event
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes of the part at hand.

        Raises:
            BadRequestError: The body is damaged or breaks off.
        """
        while True:
            event = await self._next()
            if event is None:
                raise BadRequestError("The body breaks off.")
            if isinstance(event, _End):
                return
            if isinstance(event, bytes):
                yield event

    async def text(self, limit: int) -> str:
        """The part at hand as text of at most `limit` bytes.

        Raises:
            BadRequestError: It is longer, or not UTF-8.
        """
        value = b""
        async for chunk in self.chunks():
            value += chunk
            if len(value) > limit:
                raise BadRequestError(f"A form field is longer than {limit} bytes.")
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise BadRequestError("A form field is not UTF-8.") from None

    async def _next(self) -> _Event | None:
        while not self._events:
            try:
                chunk = await anext(self._body, b"")
                if not chunk:
                    return self._finish()
                self._parser.write(chunk)
            except FormParserError as error:
                raise BadRequestError(f"The multipart body is damaged: {error}") from None
        return self._events.popleft()

    def _finish(self) -> _Event | None:
        if not self._whole:
            self._whole = True
            self._parser.finalize()
            if self._parser.state.name != "END":
                raise BadRequestError("The body breaks off.")
        return self._events.popleft() if self._events else None

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise BadRequestError(f"The form has more than {_MOST_PARTS} parts.")
        self._headers = {}

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _on_part_end(self) -> None:
        self._events.append(_END)

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def _on_headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise BadRequestError("A part of the form has no name.")
        file_name = options.get(b"filename")
        self._events.append(
            PartHeader(
                name=options[b"name"].decode(errors="replace"),
                file_name=None if file_name is None else file_name.decode(errors="replace"),
            )
        )
