"""The parts of an Excel workbook beside its sheets: which sheets there are, shared texts, number formats."""

import posixpath
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import IO, BinaryIO

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import Limits
from accunode_common.tabular.xml_parts import Attributes, XmlError, XmlReader

MOST_SHEETS = 255

_SMALL_PART_BYTES = 16 * 1024 * 1024
_MOST_STYLES = 65_536
_LONGEST_FORMAT = 255
_LONGEST_TITLE = 100
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


class Shown(Enum):
    """How a number format shows a number."""

    NUMBER = "number"
    PERCENT = "percent"
    DATE = "date"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its title, and the name of its part."""

    title: str
    part: str
    visible: bool


class Package:
    """An open workbook.

    Attributes:
        sheets: Its worksheets, visible ones first.
        epoch: The day from which it counts days.
    """

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self._archive = zipfile.ZipFile(source)
        self._limits = limits
        self._names = {name.lower(): name for name in self._archive.namelist()}
        root = self._relations("")
        self._workbook = next((part for kind, part in root.values() if kind == "officeDocument"), "xl/workbook.xml")
        self._related = self._relations(self._workbook)
        self.epoch: datetime = CALENDAR_WINDOWS_1900
        self.sheets = self._sheets()

    def close(self) -> None:
        """Close the archive, not the file it was read from."""
        self._archive.close()

    def open(self, part: str) -> IO[bytes]:
        """A part's bytes.

        Raises:
            KeyError: There is no such part.
        """
        return self._archive.open(self._names[part.lower()])

    def strings(self) -> list[str]:
        """The shared texts, in their order.

        Raises:
            TabularError: One is longer than a cell may be, or they are too long in all.
        """
        part = self._part_of_kind("sharedStrings")
        if part is None:
            return []
        table = _Strings(self._limits)
        with self.open(part) as source:
            table.reader.read_all(source)
        return table.found

    def styles(self) -> list[Shown]:
        """How a cell of each style shows a number."""
        part = self._part_of_kind("styles")
        if part is None:
            return []
        styles = _Styles()
        self._read_small(part, styles.reader)
        return [styles.shown(number) for number in styles.formats]

    def _part_of_kind(self, wanted: str) -> str | None:
        return next(
            (part for kind, part in self._related.values() if kind == wanted and part.lower() in self._names), None
        )

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """The kind and the target of each relation of a part, by its id."""
        folder, name = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: Attributes) -> None:
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
                found[attributes.get("Id", "")] = (attributes.get("Type", "").rpartition("/")[2], target)

        self._read_small(posixpath.join(folder, "_rels", f"{name}.rels"), XmlReader(start, _ignore))
        return found

    def _sheets(self) -> tuple[Sheet, ...]:
        found: dict[str, Sheet] = {}

        def start(name: str, attributes: Attributes) -> None:
            if name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
                self.epoch = CALENDAR_MAC_1904
            if name == "sheet":
                link = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                kind, part = self._related.get(link, ("", ""))
                if kind == "worksheet" and part.lower() in self._names:
                    state = attributes.get("state", "visible")
                    found.setdefault(
                        part.lower(), Sheet(attributes.get("name", "")[:_LONGEST_TITLE], part, state == "visible")
                    )

        self._read_small(self._workbook, XmlReader(start, _ignore))
        if len(found) > MOST_SHEETS:
            raise TabularError(
                TabularErrorCode.FILE_TOO_LARGE,
                f"The workbook has more than {MOST_SHEETS} sheets; upload one with only the sheet of the table.",
            )
        return tuple(sorted(found.values(), key=lambda sheet: not sheet.visible))

    def _read_small(self, part: str, reader: XmlReader) -> None:
        name = self._names[part.lower()]
        if self._archive.getinfo(name).file_size > _SMALL_PART_BYTES:
            raise TabularError(
                TabularErrorCode.FILE_TOO_LARGE,
                f"The workbook's part {posixpath.basename(name)[:50]} unpacks to more than {_SMALL_PART_BYTES:,} "
                "bytes; copy the table into a new workbook and upload that.",
            )
        with self._archive.open(name) as source:
            reader.read_all(source)


class TextCollector:
    """The text of `t` elements, without the phonetic runs beside them.

    Attributes:
        wanted: Whether what comes now is text of a cell.
    """

    def __init__(self, max_chars: int) -> None:
        self.wanted = False
        self._max_chars = max_chars
        self._pieces: list[str] = []
        self._chars = 0
        self._phonetic = False

    def start(self, name: str) -> None:
        """An element begins."""
        if name == "rPh":
            self._phonetic = True
        elif name == "t":
            self.wanted = not self._phonetic

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "t":
            self.wanted = False
        elif name == "rPh":
            self._phonetic = False

    def add(self, text: str) -> bool:
        """Take a piece of the text; False once it is longer than a cell may be."""
        self._pieces.append(text)
        self._chars += len(text)
        return self._chars <= self._max_chars

    def take(self) -> str:
        """The text so far; the next one begins."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._chars = 0
        return text


class _Strings:
    def __init__(self, limits: Limits) -> None:
        self.found: list[str] = []
        self._limits = limits
        self._text = TextCollector(limits.max_cell_chars)
        self._chars = 0
        self.reader = XmlReader(self._start, self._end, self._add)

    def _start(self, name: str, _: Attributes) -> None:
        self._text.start(name)

    def _end(self, name: str) -> None:
        self._text.end(name)
        if name != "si":
            return
        text = self._text.take()
        self.found.append(text)
        self._chars += len(text)
        limits = self._limits
        if len(self.found) > limits.max_shared_strings or self._chars > limits.max_text_chars:
            raise TabularError(
                TabularErrorCode.FILE_TOO_LARGE,
                f"The workbook has more than {limits.max_shared_strings:,} different texts; save the table as CSV or "
                "split it.",
            )

    def _add(self, text: str) -> None:
        if self._text.wanted and not self._text.add(text):
            raise TabularError(
                TabularErrorCode.CELL_TOO_LONG,
                f"The workbook has a cell of more than {self._limits.max_cell_chars:,} characters; shorten it.",
            )


class _Styles:
    def __init__(self) -> None:
        self.formats: list[int] = []
        self._codes: dict[int, str] = dict(BUILTIN_FORMATS)
        self._shown: dict[int, Shown] = {}
        self._cells = False
        self.reader = XmlReader(self._start, self._end)

    def shown(self, number: int) -> Shown:
        """How the number format with this id shows numbers."""
        if number not in self._shown:
            self._shown[number] = shown_as(self._codes.get(number))
        return self._shown[number]

    def _start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            self._codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._cells = True
        elif name == "xf" and self._cells:
            self.formats.append(int(attributes.get("numFmtId", "0")))
        if len(self.formats) > _MOST_STYLES or len(self._codes) > _MOST_STYLES:
            raise XmlError("it has more styles than Excel takes")

    def _end(self, name: str) -> None:
        if name == "cellXfs":
            self._cells = False


def shown_as(code: str | None) -> Shown:
    """How Excel shows a number in this format."""
    if code is None or len(code) > _LONGEST_FORMAT:
        return Shown.NUMBER
    if is_date_format(code):
        return Shown.DURATION if is_timedelta_format(code) else Shown.DATE
    return Shown.PERCENT if is_percent_format(code) else Shown.NUMBER


def is_percent_format(number_format: str | None) -> bool:
    """Whether Excel shows a number in this format times 100 with a percent sign (a quoted sign is only text)."""
    return number_format is not None and "%" in number_format and "%" in _LITERAL.sub("", number_format)


def _ignore(_: str) -> None:
    pass
