"""Writes workbooks as rows come: what is written is gone from memory, and the sink need not be able to seek.

ECMA-376 (Office Open XML), parts 1 and 2. openpyxl and XlsxWriter keep a sheet in a temporary file until the
workbook is complete, so that a download has no first byte before its last row.
"""

import io
import math
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count, repeat
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

from accunode_common.tabular.casts import MomentTexts, NumberTexts
from accunode_common.tabular.model import Cell
from accunode_common.tabular.neutral import are_plain, neutralise, printable
from accunode_common.tabular.writer import Columns, OutputColumn, TableWriter, repeats

_MAX_ROWS = 1_048_576
_MAX_TEXT = 32_767
_FASTEST = 1
_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_DAY = timedelta(days=1)
_TEXT_BEGINS, _TEXT_ENDS = ' t="inlineStr"><is><t xml:space="preserve">', "</t></is>"
_ENTITIES = {"\r": "&#13;"}
_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# Sheets are what a part is unless it is named: how many there will be is known at the end, and readers look here first.
_CONTENT_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>'
)
_ROOT = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_FROZEN = (
    '<sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
)
_DATE, _MOMENT = 1, 2
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_NAMESPACE}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class XlsxWriter(TableWriter):
    """A table with a frozen header. Rows beyond what a sheet holds go on to a further sheet under the same header."""

    def __init__(self, sink: IO[bytes], columns: Sequence[OutputColumn], *, sheet: str = "Data") -> None:
        self._stream = _Stream(sink)
        self._archive = zipfile.ZipFile(self._stream, "w", zipfile.ZIP_DEFLATED, compresslevel=_FASTEST)
        self._titles: list[str] = []
        self._columns = columns
        self._title = sheet
        self._parts = 1
        for name, content in (
            ("[Content_Types].xml", _CONTENT_TYPES),
            ("_rels/.rels", _ROOT),
            ("xl/styles.xml", _STYLES),
        ):
            self._archive.writestr(name, content)
        self._sheet = self._headed(sheet)

    def write_columns(self, columns: Columns) -> None:
        rows = len(columns[0]) if columns else 0
        room = _MAX_ROWS - self._sheet.rows
        if rows <= room:
            self._sheet.write(columns)
            return
        self._sheet.write([_part(cells, slice(room)) for cells in columns])
        self._sheet.close()
        self._parts += 1
        self._sheet = self._headed(f"{self._title} {self._parts}")
        self.write_columns([_part(cells, slice(room, None)) for cells in columns])

    def add_sheet(self, title: str, rows: Iterable[Sequence[Cell]]) -> None:
        """Complete the table, and append a sheet of another one."""
        self._sheet.close()
        self._sheet = self._open(title, ())
        self.write(rows)

    def finish(self) -> None:
        self._sheet.close()
        numbers = range(1, len(self._titles) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(title)} sheetId="{number}" r:id="rId{number}"/>'
            for number, title in zip(numbers, self._titles, strict=True)
        )
        relations = "".join(
            f'<Relationship Id="rId{number}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            for number in numbers
        )
        styles = f'<Relationship Id="rId0" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
        self._archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{styles}{relations}</Relationships>',
        )
        self._archive.writestr(
            "xl/workbook.xml",
            f'{_XML}<workbook xmlns="{_NAMESPACE}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>',
        )
        self._archive.close()

    def abandon(self) -> None:
        # An archive that is not closed closes itself when it is collected, into a sink that is gone by then.
        self._stream.discard()
        self.finish()

    def _headed(self, title: str) -> "_Sheet":
        sheet = self._open(title, self._columns)
        sheet.write([[column.heading] for column in self._columns])
        return sheet

    def _open(self, title: str, columns: Sequence[OutputColumn]) -> "_Sheet":
        self._titles.append(title)
        return _Sheet(self._archive.open(f"xl/worksheets/sheet{len(self._titles)}.xml", "w"), columns)


class _Stream(io.RawIOBase):
    """A sink that is only written to, so that an archive never goes back in it."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink: IO[bytes] | None = sink

    def discard(self) -> None:
        """Write nothing from here on."""
        self._sink = None

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return len(content) if self._sink is None else self._sink.write(content)


class _Sheet:
    """One sheet of an archive; `columns` of a table give widths and a header that stays in sight."""

    def __init__(self, part: IO[bytes], columns: Sequence[OutputColumn]) -> None:
        self.rows = 0
        self._part = part
        layout = f"{_FROZEN}<cols>{''.join(map(_width, count(1), columns))}</cols>" if columns else ""
        part.write(f'{_XML}<worksheet xmlns="{_NAMESPACE}">{layout}<sheetData>'.encode())

    def write(self, columns: Columns) -> None:
        """Append rows by their columns."""
        rows = len(columns[0]) if columns else 0
        lines = list(map(str, range(self.rows + 1, self.rows + 1 + rows)))
        self.rows += rows
        begins = [f'<row r="{line}">' for line in lines]
        shown = [_column(_letters(number), lines, cells) for number, cells in enumerate(columns, start=1)]
        parts = map("".join, zip(begins, *shown, repeat("</row>", rows), strict=True))
        self._part.write("".join(parts).encode())

    def close(self) -> None:
        """Complete the sheet."""
        self._part.write(b"</sheetData></worksheet>")
        self._part.close()


def _width(number: int, column: OutputColumn) -> str:
    return f'<col min="{number}" max="{number}" width="{min(60, max(12, len(column.heading) + 2))}" customWidth="1"/>'


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def _part(cells: Sequence[Any], rows: slice) -> Sequence[Any]:
    kind = type(cells) if isinstance(cells, NumberTexts | MomentTexts) else list
    return kind(cells[rows])


def _column(letters: str, lines: Sequence[str], cells: Sequence[Any]) -> list[str]:
    """The cells of a column as XML, blank where there is none. Most columns have one type, and are made at once."""
    match cells:
        case NumberTexts():
            numbers = cells.shown()
            return [
                f'<c r="{letters}{line}"><v>{number}</v></c>' if number else ""
                for line, number in zip(lines, numbers, strict=True)
            ]
        case MomentTexts():
            contents = {text: _content(moment) for text, moment in cells.moments().items()}
            return _cells(letters, lines, [contents[text] for text in cells])
    kinds = set(map(type, cells))
    if kinds == {float} and math.isfinite(sum(cells)):
        return [f'<c r="{letters}{line}"><v>{cell!r}</v></c>' for line, cell in zip(lines, cells, strict=True)]
    if kinds == {str} and not repeats(cells) and _are_whole(cells) and are_plain(cells, "&<>"):
        return [
            f'<c r="{letters}{line}"{_TEXT_BEGINS}{cell}{_TEXT_ENDS}</c>'
            for line, cell in zip(lines, cells, strict=True)
        ]
    texts = _Texts()
    return _cells(letters, lines, [texts[cell] if isinstance(cell, str) else _content(cell) for cell in cells])


def _cells(letters: str, lines: Sequence[str], contents: Sequence[str]) -> list[str]:
    return [
        f'<c r="{letters}{line}"{content}</c>' if content else "" for line, content in zip(lines, contents, strict=True)
    ]


def _are_whole(texts: Sequence[str]) -> bool:
    lengths = list(map(len, texts))
    return min(lengths) > 0 and max(lengths) <= _MAX_TEXT


class _Texts(dict[str, str]):
    """What a cell with each text of a column has after its place."""

    def __missing__(self, text: str) -> str:
        self[text] = content = _text(text)
        return content


def _content(cell: Cell) -> str:
    """What a cell has after its place; nothing where nothing is shown."""
    match cell:
        case None:
            return ""
        case bool():
            return f' t="b"><v>{cell:d}</v>'
        case int():
            return f"><v>{cell}</v>"
        case Decimal() | float():
            return f"><v>{float(cell)!r}</v>" if math.isfinite(cell) else ""
        case datetime():
            moment = cell.replace(tzinfo=UTC) if cell.tzinfo is None else cell
            return f' s="{_MOMENT}"><v>{(moment - _EPOCH) / _DAY!r}</v>'
        case date():
            return f' s="{_DATE}"><v>{(cell - _EPOCH.date()).days}</v>'
        case _:
            return _text(str(cell))


def _text(cell: str) -> str:
    text = neutralise(printable(cell))[:_MAX_TEXT]
    return f"{_TEXT_BEGINS}{escape(text, _ENTITIES)}{_TEXT_ENDS}" if text else ""
