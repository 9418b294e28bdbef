"""The XML inside workbooks, read as a stream by a parser that expands nothing and holds no more than one token."""

from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

_CHUNK_BYTES = 64 * 1024
_DEEPEST = 64
_LONGEST_TOKEN = 4 * 1024 * 1024

Attributes = dict[str, str]
StartHandler = Callable[[str, Attributes], None]
EndHandler = Callable[[str], None]
TextHandler = Callable[[str], None]


class XmlError(ValueError):
    """The XML is damaged, or has what no workbook has."""


class XmlReader:
    """Hands the elements of one part to its three functions; names come without their prefixes.

    An element's attributes keep theirs, such as `r:id`.
    """

    def __init__(self, start: StartHandler, end: EndHandler, text: TextHandler | None = None) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._first
        self._parser.EndElementHandler = end
        if text is not None:
            self._parser.CharacterDataHandler = text
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._start = start
        self._end = end

    def read(self, source: IO[bytes]) -> Iterator[None]:
        """Read the part; yields after each piece.

        Raises:
            XmlError: The part is damaged, declares a document type, or has a token of megabytes.
        """
        parser = self._parser
        fed = 0
        try:
            while chunk := source.read(_CHUNK_BYTES):
                parser.Parse(chunk, False)
                fed += len(chunk)
                # A parser begins again with a token that has not ended: long ones would cost the square.
                if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                    raise XmlError("a tag or comment is longer than any in a workbook")
                yield
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            if error.code == expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]:
                raise MemoryError from error
            raise XmlError(str(error)) from error
        yield

    def read_all(self, source: IO[bytes]) -> None:
        """Read the part in one go; raises what `read` raises."""
        for _ in self.read(source):
            pass

    def _first(self, name: str, attributes: Attributes) -> None:
        """The root: if it has a prefix, so have its children."""
        prefix = "".join(name.rpartition(":")[:2])
        depth = 0
        start, end, skipped = self._start, self._end, len(prefix)

        def enter(name: str, attributes: Attributes) -> None:
            nonlocal depth
            depth += 1
            if depth > _DEEPEST:
                raise XmlError("its elements are nested deeper than any in a workbook")
            start(name[skipped:] if skipped and name.startswith(prefix) else name, attributes)

        def leave(name: str) -> None:
            nonlocal depth
            depth -= 1
            end(name[skipped:] if skipped and name.startswith(prefix) else name)

        self._parser.StartElementHandler = enter
        self._parser.EndElementHandler = leave
        enter(name, attributes)


def _refuse_doctype(*_: object) -> None:
    raise XmlError("it declares a document type")
