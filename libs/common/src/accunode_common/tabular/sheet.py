"""The rows of one sheet, cell by cell as its XML is read: what is far away or blank takes no room."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import IO

from openpyxl.utils.datetime import from_excel, from_ISO8601

from accunode_common.tabular.errors import TabularError, TabularErrorCode
from accunode_common.tabular.model import Cell, Limits, Percent
from accunode_common.tabular.package import Shown, TextCollector
from accunode_common.tabular.xml_parts import Attributes, XmlError, XmlReader

LAST_COLUMN = 16_384
_DIGITS = "0123456789"
_NOT_A_DATE = "#VALUE!"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a sheet's cells refer to, and how the sheet is called in messages."""

    title: str
    strings: list[str]
    styles: list[Shown]
    epoch: datetime
    limits: Limits


class SheetRows:
    """Reads one sheet; rows without values are left out.

    Attributes:
        chars: Characters of the texts so far.

    Raises:
        TabularError: While iterating: a cell is too long or too far, or a formula has no result.
        ValueError, LookupError, ArithmeticError: While iterating: the sheet is damaged.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._of = surroundings
        self._reader = XmlReader(self._start, self._end, self._text)
        self._ready: list[tuple[int, list[Cell]]] = []
        self._inside = self._whole = False
        self._line = 0
        self._cells: list[Cell] = []
        self._column = 0
        self._columns: dict[str, int] = {}
        self._kind = "n"
        self._style = 0
        self._formula = False
        self._collector = TextCollector(surroundings.limits.max_cell_chars)
        self.chars = 0

    def read(self, source: IO[bytes]) -> Iterator[tuple[int, list[Cell]]]:
        """The rows with their numbers, without the empty cells at their ends."""
        for _ in self._reader.read(source):
            yield from self._ready
            self._ready.clear()
            if self._whole:
                break
        # To the end, so that the archive compares its checksum.
        while source.read(1024 * 1024):
            pass

    def _start(self, name: str, attributes: Attributes) -> None:
        if not self._inside:
            self._inside = name == "sheetData" and not self._whole
        elif name == "c":
            self._begin_cell(attributes)
        elif name == "v":
            self._collector.wanted = self._kind != "inlineStr"
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._begin_row(attributes.get("r"))
        elif self._kind == "inlineStr":
            self._collector.start(name)

    def _end(self, name: str) -> None:
        if not self._inside:
            return
        if name == "c":
            self._end_cell()
        elif name == "v":
            self._collector.wanted = False
        elif name == "row":
            if self._cells:
                self._ready.append((self._line, self._cells))
                self._cells = []
        elif name == "sheetData":
            self._inside, self._whole = False, True
        elif self._kind == "inlineStr":
            self._collector.end(name)

    def _text(self, text: str) -> None:
        if self._collector.wanted and not self._collector.add(text):
            raise TabularError(
                TabularErrorCode.CELL_TOO_LONG,
                f"Row {self._line} of sheet {self._of.title} has a cell of more than "
                f"{self._of.limits.max_cell_chars:,} characters.",
            )

    def _begin_row(self, number: str | None) -> None:
        line = self._line + 1 if number is None else int(number)
        if line <= self._line:
            raise XmlError(f"row {line} stands below row {self._line}")
        if line > self._of.limits.max_rows:
            raise TabularError(
                TabularErrorCode.TOO_MANY_ROWS,
                f"The sheet {self._of.title} has more than {self._of.limits.max_rows:,} rows; split it and upload the "
                "parts.",
            )
        self._line = line
        self._cells = []
        self._column = 0

    def _begin_cell(self, attributes: Attributes) -> None:
        place = attributes.get("r")
        self._column = self._column + 1 if place is None else self._column_of(place)
        if self._column > LAST_COLUMN:
            raise XmlError(f"row {self._line} has more than {LAST_COLUMN} cells")
        self._kind = attributes.get("t", "n")
        self._style = int(attributes.get("s", 0))
        self._formula = False

    def _column_of(self, place: str) -> int:
        letters = place.rstrip(_DIGITS)
        column = self._columns.get(letters)
        if column is None:
            if not (0 < len(letters) <= 3 and letters.isascii() and letters.isalpha()):
                raise XmlError("a cell has no place")
            column = 0
            for letter in letters.upper():
                column = column * 26 + ord(letter) - 64
            self._columns[letters] = column
        return column

    def _end_cell(self) -> None:
        value = self._value(self._collector.take())
        if value is None:
            return
        limits = self._of.limits
        column = self._column
        if column > limits.max_columns:
            raise TabularError(
                TabularErrorCode.TOO_MANY_COLUMNS,
                f"Row {self._line} of sheet {self._of.title} has more than {limits.max_columns} columns; remove some.",
            )
        cells = self._cells
        missing = column - 1 - len(cells)
        if missing < 0:
            raise XmlError(f"the cells of row {self._line} are out of order")
        if missing:
            cells.extend([None] * missing)
        cells.append(value)

    def _value(self, text: str) -> Cell:
        kind = self._kind
        if not text:
            if self._formula and kind not in {"str", "inlineStr"}:
                raise self._uncalculated()
            return None
        if kind == "n":
            return self._number(text)
        if kind == "s":
            text = self._of.strings[_index(text)]
        elif kind == "b":
            return bool(int(text))
        elif kind == "d":
            return _iso_date(text)
        if not text or text.isspace():
            return None
        self.chars += len(text)
        if self.chars > self._of.limits.max_text_chars:
            raise TabularError(
                TabularErrorCode.FILE_TOO_LARGE,
                f"The texts of sheet {self._of.title} have more than {self._of.limits.max_text_chars:,} characters in "
                "all; split it and upload the parts.",
            )
        return text

    def _number(self, text: str) -> Cell:
        value = float(text) if "." in text or "E" in text or "e" in text else int(text)
        shown = self._of.styles[self._style] if self._style < len(self._of.styles) else Shown.NUMBER
        if shown is Shown.NUMBER:
            return value
        if shown is Shown.PERCENT:
            return to_percent(value)
        try:
            date: Cell = from_excel(value, self._of.epoch, timedelta=shown is Shown.DURATION)
        except (OverflowError, ValueError):
            return _NOT_A_DATE
        return date

    def _uncalculated(self) -> TabularError:
        letters, column = "", self._column
        while column:
            column, rest = divmod(column - 1, 26)
            letters = chr(65 + rest) + letters
        return TabularError(
            TabularErrorCode.UNREADABLE_FILE,
            f"Cell {letters}{self._line} of sheet {self._of.title} has a formula without a result; open the workbook "
            "in Excel, save it and upload it again.",
        )


def to_percent(fraction: float) -> Percent:
    """The percent number of a fraction, exact in its decimal digits: 0.38242 gives 38.242, not 38.242000000000004."""
    digits = repr(fraction)
    if "e" in digits or "n" in digits:
        return Percent(Decimal(digits).scaleb(2))
    return Percent(f"{digits}e2")


def _index(text: str) -> int:
    index = int(text)
    if index < 0:
        raise XmlError("a cell refers to a text before the first")
    return index


def _iso_date(text: str) -> Cell:
    date: Cell = from_ISO8601(text)  # type: ignore[no-untyped-call]
    return date
