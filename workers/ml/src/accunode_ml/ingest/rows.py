"""Reads rows cell by cell, whatever their cells are: sheets, Parquet, and text tables where they are irregular."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from accunode_common.tabular import Cell, FileFormat, RowBlock
from accunode_ml.ingest.cells import cell_text
from accunode_ml.ingest.columns import COMPANY_NAME, FISCAL_QUARTER, FISCAL_YEAR
from accunode_ml.ingest.model import Problem
from accunode_ml.ingest.numeric import read_input
from accunode_ml.ingest.period import Periods
from accunode_ml.ingest.read_rows import Form, ReadRows, clean_and_key


class RowReader:
    """Reads blocks of rows."""

    def __init__(self, form: Form, periods: Periods) -> None:
        self._form = form
        self._periods = periods
        # A misplaced delimiter shifts the cells of a text file; in a sheet, remarks beside the table are common.
        self._refuse_extra_cells = form.format is FileFormat.CSV

    def read(self, block: RowBlock) -> ReadRows:
        """Read the rows of a block."""
        rows, overlong = self._squared(block.rows)
        positions = self._form.header.columns.positions
        ratios, problems = self._read_inputs(rows)
        names = [
            clean_and_key(cell if type(cell) is str else cell_text(cell))
            for cell in _column(rows, positions[COMPANY_NAME])
        ]
        blanks: list[Cell] = [None] * len(rows)
        years, quarters = self._periods.read(
            *(_column(rows, positions[name]) if name in positions else blanks for name in (FISCAL_YEAR, FISCAL_QUARTER))
        )
        return ReadRows(
            lines=np.array(block.lines, dtype=np.int64),
            names=pa.array([name for name, _ in names], pa.string()),
            keys=pa.array([key for _, key in names], pa.string()),
            years=years,
            quarters=quarters,
            ratios=ratios,
            problems=problems,
            overlong=overlong,
            cells=rows.__getitem__,
            column=lambda position, chosen: [rows[row][position] for row in chosen.tolist()],
        )

    def _read_inputs(self, rows: list[Sequence[Cell]]) -> tuple[NDArray[np.float64], dict[int, list[Problem]]]:
        columns = self._form.header.columns
        problems: dict[int, list[Problem]] = {}
        values: list[NDArray[np.float64]] = []
        for ratio in self._form.inputs:
            if ratio.name not in columns.positions:
                values.append(np.full(len(rows), np.nan))
                continue
            cells = _column(rows, columns.positions[ratio.name])
            read, found = read_input(cells, ratio, columns.headings[ratio.name], self._form.numbers.formats[ratio.name])
            values.append(read)
            for row, problem in found.items():
                problems.setdefault(row, []).append(problem)
        return np.column_stack(values), problems

    def _squared(self, rows: list[Sequence[Cell]]) -> tuple[list[Sequence[Cell]], set[int]]:
        """Rows all as wide as the header at least, and which of them have filled cells beyond it."""
        width = self._form.width
        overlong: set[int] = set()
        if set(map(len, rows)) == {width}:
            return rows, overlong
        squared = list(rows)
        for index, row in enumerate(rows):
            if len(row) < width:
                squared[index] = [*row, *[None] * (width - len(row))]
            elif self._refuse_extra_cells and any(map(cell_text, row[width:])):
                overlong.add(index)
        return squared, overlong


def _column(rows: Sequence[Sequence[Cell]], position: int) -> list[Cell]:
    return [row[position] for row in rows]
