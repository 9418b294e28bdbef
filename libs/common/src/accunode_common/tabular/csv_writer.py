"""Writes CSV by columns: most have cells of one type, and are dealt with at once."""

import math
import re
from collections.abc import Sequence
from datetime import date
from typing import IO, Any

from accunode_common.tabular.casts import MomentTexts, NumberTexts
from accunode_common.tabular.model import Cell
from accunode_common.tabular.neutral import are_plain, neutralise, printable
from accunode_common.tabular.writer import Columns, OutputColumn, TableWriter, repeats

_QUOTED = re.compile('[",\r\n]')


class CsvWriter(TableWriter):
    """RFC 4180, UTF-8; with `bom`, Excel opens it in the right encoding. Text never becomes a formula."""

    def __init__(self, sink: IO[bytes], columns: Sequence[OutputColumn], *, bom: bool = False) -> None:
        self._sink = sink
        if bom:
            sink.write(b"\xef\xbb\xbf")
        self.write([[column.heading for column in columns]])

    def write_columns(self, columns: Columns) -> None:
        lines = list(map(",".join, zip(*map(_column, columns), strict=True)))
        if lines:
            lines.append("")
            self._sink.write("\r\n".join(lines).encode())

    def finish(self) -> None:
        """Nothing is held back."""


def _column(cells: Sequence[Any]) -> Sequence[str]:
    """The cells as text, quoted where they need it."""
    match cells:
        case NumberTexts():
            return cells.shown()
        case MomentTexts():
            shown = {text: _as_text(moment) for text, moment in cells.moments().items()}
            return [shown[text] for text in cells]
    kinds = set(map(type, cells))
    if kinds == {str}:
        return _texts(cells)
    if kinds == {str, type(None)}:
        return _texts([cell or "" for cell in cells])
    if kinds == {float} and math.isfinite(sum(cells)):
        return list(map(repr, cells))
    if kinds == {int}:
        return list(map(str, cells))
    return [_quoted(_as_text(cell)) for cell in cells]


def _texts(cells: Sequence[str]) -> Sequence[str]:
    if not repeats(cells) and are_plain(cells, ","):
        return cells
    return list(map(_Shown().__getitem__, cells))


class _Shown(dict[str, str]):
    """What stands in the file for each text of a column."""

    def __missing__(self, text: str) -> str:
        self[text] = shown = _quoted(_as_text(text))
        return shown


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""')) if _QUOTED.search(text) else text


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return neutralise(printable(cell))
    if isinstance(cell, float):
        return repr(float(cell)) if math.isfinite(cell) else ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
