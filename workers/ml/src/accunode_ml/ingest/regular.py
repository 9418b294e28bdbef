"""Reads regular lines of a text table column by column, without making a Python object for each cell."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from accunode_common.tabular.regular import RegularLines
from accunode_ml.ingest.columns import COMPANY_NAME, FISCAL_QUARTER, FISCAL_YEAR
from accunode_ml.ingest.model import Problem
from accunode_ml.ingest.numeric import read_input
from accunode_ml.ingest.octets import having, octets_of
from accunode_ml.ingest.period import Periods
from accunode_ml.ingest.read_rows import Form, ReadRows, clean_and_key

_SPACE, _APOSTROPHE, _LAST_PRINTABLE = b" '~"


class RegularReader:
    """Reads what `DelimitedTable.regular_lines` gives, to the same rows as `RowReader` does."""

    def __init__(self, form: Form, periods: Periods) -> None:
        self._form = form
        self._periods = periods
        self._positions = sorted(set(form.header.columns.positions.values()))

    def read(self, lines: RegularLines) -> ReadRows:
        """Read the rows of regular lines."""
        columns = self._columns(lines)
        positions = self._form.header.columns.positions
        names, keys = _names(columns[positions[COMPANY_NAME]])
        ratios, problems = self._read_inputs(columns, len(lines))
        years, quarters = self._read_periods(columns, len(lines))
        return ReadRows(
            lines=np.arange(lines.first_line, lines.first_line + len(lines)),
            names=names,
            keys=keys,
            years=years,
            quarters=quarters,
            ratios=ratios,
            problems=problems,
            overlong=set(),
            cells=lines.cells,
            column=lambda position, rows: columns[position].take(pa.array(rows)),
        )

    def _columns(self, lines: RegularLines) -> dict[int, pa.StringArray]:
        """The columns that are used, by their position."""
        names = [str(position) for position in range(self._form.width)]
        used = [str(position) for position in self._positions]
        table = csv.read_csv(
            pa.BufferReader(lines.content),
            csv.ReadOptions(use_threads=False, block_size=len(lines.content) + 1, column_names=names),
            csv.ParseOptions(delimiter=lines.delimiter, ignore_empty_lines=False),
            csv.ConvertOptions(
                check_utf8=False, include_columns=used, column_types=dict.fromkeys(used, pa.string()), null_values=[]
            ),
        )
        return {int(name): table.column(name).combine_chunks() for name in used}

    def _read_inputs(
        self, columns: dict[int, pa.StringArray], count: int
    ) -> tuple[NDArray[np.float64], dict[int, list[Problem]]]:
        known, numbers = self._form.header.columns, self._form.numbers
        values = np.full((count, len(self._form.inputs)), np.nan)
        problems: dict[int, list[Problem]] = {}
        for place, ratio in enumerate(self._form.inputs):
            if ratio.name in known.positions:
                texts = columns[known.positions[ratio.name]]
                values[:, place], found = read_input(
                    texts, ratio, known.headings[ratio.name], numbers.formats[ratio.name]
                )
                for row, problem in found.items():
                    problems.setdefault(row, []).append(problem)
        return values, problems

    def _read_periods(
        self, columns: dict[int, pa.StringArray], count: int
    ) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
        """Periods of the pairs of texts that occur, and then of the rows."""
        positions = self._form.header.columns.positions
        found = [
            columns[positions[name]].dictionary_encode() if name in positions else None
            for name in (FISCAL_YEAR, FISCAL_QUARTER)
        ]
        codes = [np.zeros(count, dtype=np.int64) if each is None else each.indices.to_numpy() for each in found]
        texts = [[None] if each is None else each.dictionary.to_pylist() for each in found]
        pairs, inverse = np.unique(codes[0].astype(np.int64) * len(texts[1]) + codes[1], return_inverse=True)
        which = [divmod(pair, len(texts[1])) for pair in pairs.tolist()]
        years, quarters = self._periods.read([texts[0][y] for y, _ in which], [texts[1][q] for _, q in which])
        return years[inverse], quarters[inverse]


def _names(texts: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray]:
    """Companies as they are kept, and their keys; what is plain needs no cleaning."""
    odd = pa.array(~_plain(texts))
    keys = pc.ascii_lower(texts)
    cleaned = [clean_and_key(text) for text in texts.filter(odd).to_pylist()]
    if not cleaned:
        return texts, keys
    return (
        pc.replace_with_mask(texts, odd, pa.array([name for name, _ in cleaned], pa.string())),
        pc.replace_with_mask(keys, odd, pa.array([key for _, key in cleaned], pa.string())),
    )


def _plain(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Which texts are printable ASCII with single spaces, none at the ends, and no apostrophe in front."""
    octets, offsets = octets_of(texts)
    spaces = octets == _SPACE
    odd = (octets < _SPACE) | (octets > _LAST_PRINTABLE)
    odd[1:] |= spaces[1:] & spaces[:-1]
    plain = ~having(offsets, odd)
    filled = np.flatnonzero(offsets[1:] > offsets[:-1])
    first, last = octets[offsets[filled]], octets[offsets[filled + 1] - 1]
    plain[filled[(first == _SPACE) | (first == _APOSTROPHE) | (last == _SPACE)]] = False
    return plain
