"""Cells as text."""

import math
import re
from collections.abc import Sequence
from datetime import date

from accunode_common.tabular import Cell, printable, restore

_BREAKS = re.compile(r"[\t\r\n]+\s*")


def cell_text(cell: Cell) -> str:
    """A cell's text: trimmed, on one line, without control characters; whole numbers without a point."""
    if isinstance(cell, str):
        text = cell.strip()
        if not text.isprintable():
            text = printable(_BREAKS.sub(" ", text)).strip()
        return restore(text) if text[:1] == "'" else text
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def cell_as_written(cell: Cell) -> str:
    """A cell's text with invisible characters written out, `1\\x00`: what nobody sees must not hide in a message."""
    if not isinstance(cell, str) or cell.strip().isprintable():
        return cell_text(cell)
    return repr(cell.strip())[1:-1]


def column_texts(cells: Sequence[Cell]) -> list[str]:
    """The texts of a column, quickly when all cells are plain text."""
    return [
        cell.strip() if type(cell) is str and cell.isprintable() and cell[:1] != "'" else cell_text(cell)
        for cell in cells
    ]
