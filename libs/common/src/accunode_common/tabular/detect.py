"""What a file is, judged by its content: names and extensions lie."""

import io
import re
import zipfile
from typing import BinaryIO

from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import FileFormat, Limits

_HEAD_BYTES = 4096
_OLE_SCAN_BYTES = 4 * 1024 * 1024
_DIRECTORY_BYTES = 1024 * 1024
_FREE_OF_RATIO = 64 * 1024 * 1024
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_SAVE_AS = "save it as CSV or XLSX and upload that"

_REFUSED_MAGIC = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"SQLite format 3", "a SQLite database"),
)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|table|\?xml|head|meta)", re.IGNORECASE)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{])")


def detect_format(source: BinaryIO, limits: Limits) -> FileFormat:
    """The format of an open, seekable file, which is left at its start.

    Raises:
        TabularError: The file is empty, too large, encrypted, or of a kind that is not read.
    """
    source.seek(0, 2)
    size = source.tell()
    source.seek(0)
    if size > limits.max_bytes:
        raise TabularError(
            TabularErrorCode.FILE_TOO_LARGE,
            f"The file has {size:,} bytes, more than the {limits.max_bytes:,} allowed; split it and upload the parts.",
        )
    head = source.read(_HEAD_BYTES)
    source.seek(0)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n") and size <= _HEAD_BYTES:
        raise TabularError(TabularErrorCode.EMPTY_FILE, "The file is empty; upload a file with a header and rows.")
    if head.startswith(b"PK"):
        return _zip_format(source, size, limits)
    if head.startswith(b"PAR1"):
        return FileFormat.PARQUET
    if head.startswith(b"PARE"):
        raise TabularError(TabularErrorCode.ENCRYPTED_FILE, "The Parquet file is encrypted; upload it unencrypted.")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise _ole_refusal(source)
    _refuse_other(head)
    return FileFormat.CSV


def _refuse_other(head: bytes) -> None:
    for magic, name in _REFUSED_MAGIC:
        if head.startswith(magic):
            raise _unsupported(name)
    if _MARKUP.match(head):
        raise _unsupported("an HTML or XML page, whatever its name says")
    if _JSON.match(head):
        raise _unsupported("JSON")


def _unsupported(what: str) -> TabularError:
    return TabularError(TabularErrorCode.UNSUPPORTED_FORMAT, f"The file is {what}, not a table; {_SAVE_AS}.")


def _ole_refusal(source: BinaryIO) -> TabularError:
    content = source.read(_OLE_SCAN_BYTES)
    source.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in content:
        return TabularError(
            TabularErrorCode.ENCRYPTED_FILE,
            "The workbook is protected by a password; remove the password in Excel and upload it again.",
        )
    return TabularError(
        TabularErrorCode.UNSUPPORTED_FORMAT,
        "The file is in the old Excel format (.xls); open it in Excel, save it as .xlsx and upload that.",
    )


def _zip_format(source: BinaryIO, size: int, limits: Limits) -> FileFormat:
    try:
        with zipfile.ZipFile(_Directory(source)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise damaged("workbook", error) from error
    source.seek(0)
    if "xl/workbook.bin" in names:
        raise _unsupported("a binary workbook (.xlsb)")
    if "mimetype" in names and "content.xml" in names:
        raise _unsupported("an OpenDocument file (.ods)")
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise _unsupported("a ZIP archive")
    _refuse_bomb(entries, size, limits)
    return FileFormat.XLSX


class _Directory(io.RawIOBase):
    """An archive of which only its directory is read, and no large one: each entry costs some hundred bytes."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source

    def read(self, size: int = -1) -> bytes:
        content = self._source.read(_DIRECTORY_BYTES + 1 if size < 0 else min(size, _DIRECTORY_BYTES + 1))
        if len(content) > _DIRECTORY_BYTES:
            raise TabularError(
                TabularErrorCode.FILE_TOO_LARGE,
                "The workbook has more parts than a table needs; copy the table into a new workbook and upload that.",
            )
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _refuse_bomb(entries: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    if any(entry.flag_bits & 1 for entry in entries):
        raise TabularError(TabularErrorCode.ENCRYPTED_FILE, "The workbook is encrypted; upload it unencrypted.")
    if any(entry.compress_type not in _METHODS for entry in entries):
        raise _unsupported("a workbook packed in an unusual way")
    # A ZIP reader stops at the declared size and checks its CRC, so the declared sizes bound the actual ones.
    declared = sum(entry.file_size for entry in entries)
    strings = sum(entry.file_size for entry in entries if entry.filename.lower().endswith("sharedstrings.xml"))
    largest = min(limits.max_uncompressed_bytes, max(_FREE_OF_RATIO, limits.max_ratio * size))
    if declared > largest or strings > limits.max_shared_strings_bytes:
        raise TabularError(
            TabularErrorCode.FILE_TOO_LARGE,
            f"The workbook unpacks to {declared:,} bytes, more than is allowed; save it as CSV or split it.",
        )


def damaged(what: str, error: Exception) -> TabularError:
    """The refusal of a file that is of a known kind but cannot be read through.

    Raises:
        MemoryError: That was the error: it says nothing about the file.
    """
    if isinstance(error, MemoryError):
        raise error
    reason = str(error).strip().splitlines()
    detail = f" ({reason[0][:120].rstrip('.')})" if reason else ""
    return TabularError(
        TabularErrorCode.UNREADABLE_FILE,
        f"The {what} is damaged and cannot be read{detail}; save it again and upload that.",
    )
