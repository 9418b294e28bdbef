"""Which encoding a text file has: its byte order mark, else UTF-16 by its zero bytes, else UTF-8, else Windows-1252."""

import codecs
from dataclasses import dataclass
from typing import BinaryIO

from accunode_common.tabular.errors import TabularError, TabularErrorCode

_CHUNK_BYTES = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ZERO_SHARE = 0.3
_STRAY_CONTROL_SHARE = 0.01
_CONTROLS = bytes({*range(32)} - {*b"\t\n\r\f\x1a"})


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode a file: from byte `start` on, by `codec`, with the error handler `errors`."""

    name: str
    codec: str
    start: int = 0
    errors: str = "strict"
    warning: str | None = None


def detect_encoding(source: BinaryIO) -> Encoding:
    """Judge an open, seekable file by reading it through once.

    Raises:
        TabularError: It is in none of the encodings, or not text.
    """
    source.seek(0)
    head = source.read(_CHUNK_BYTES)
    marked = next(((mark, name) for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        mark, name = marked
        encoding = Encoding(name, name.removesuffix("-sig"), start=len(mark))
        return encoding if _decodes(source, encoding) else _mostly_utf8(source, encoding)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > _STRAY_CONTROL_SHARE * len(head):
        return _unmarked_utf16(source, head)
    encoding = Encoding("utf-8", "utf-8")
    return encoding if _decodes(source, encoding) else _mostly_utf8(source, encoding)


def _unmarked_utf16(source: BinaryIO, head: bytes) -> Encoding:
    even, odd = head[0::2].count(0) / (len(head) / 2), head[1::2].count(0) / (len(head) / 2)
    if min(even, odd) < _ZERO_SHARE < max(even, odd):
        name = "utf-16-le" if odd > even else "utf-16-be"
        encoding = Encoding(name, name)
        if _decodes(source, encoding):
            return encoding
    raise TabularError(
        TabularErrorCode.UNSUPPORTED_FORMAT,
        "The file is not text, a workbook or Parquet; save it as CSV or XLSX and upload that.",
    )


def _mostly_utf8(source: BinaryIO, encoding: Encoding) -> Encoding:
    """What to do with a file that is not quite what it seemed: a few broken bytes, or another encoding."""
    if encoding.codec == "utf-8":
        broken, foreign = _count_broken(source, encoding)
        if foreign > 4 * broken or encoding.start:
            return Encoding(
                encoding.name,
                encoding.codec,
                encoding.start,
                errors="replace",
                warning=f"{broken} characters are broken and were replaced by \ufffd; save the file as UTF-8 again.",
            )
        windows = Encoding("cp1252", "cp1252")
        if _decodes(source, windows):
            return windows
    raise TabularError(
        TabularErrorCode.UNKNOWN_ENCODING,
        "The file's character encoding is not known; save it as CSV UTF-8 and upload that.",
    )


def _decodes(source: BinaryIO, encoding: Encoding) -> bool:
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    source.seek(encoding.start)
    try:
        while chunk := source.read(_CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _count_broken(source: BinaryIO, encoding: Encoding) -> tuple[int, int]:
    decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
    source.seek(encoding.start)
    broken = foreign = 0
    while chunk := source.read(_CHUNK_BYTES):
        text = decoder.decode(chunk)
        replaced = text.count("\ufffd")
        broken += replaced
        foreign += len(text) - len(text.encode("ascii", "ignore")) - replaced
    return broken, foreign
