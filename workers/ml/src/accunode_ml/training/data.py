"""Reads the US accounts with bankruptcies."""

import csv
import gzip
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

US_RATIOS = "us_annual_ratios.csv.gz"
US_AMOUNTS = "us_annual_amounts.csv.gz"
HORIZONS = (1, 2, 3)
_TEXT_COLUMNS = {"row_id", "firm_id", "split"}


@dataclass(frozen=True)
class Accounts:
    """Firm-years: columns by name (NaN where missing), firm ids, fiscal years, labels by horizon (NaN unknown).

    `labels` are what is trained; `outcomes` are whether a company defaults within the horizon, and are the same unless
    the labels are of a default in the horizon's last year.
    """

    columns: dict[str, Vector]
    firm: NDArray[np.str_]
    fiscal_year: NDArray[np.int64]
    labels: dict[int, Vector]
    outcomes: dict[int, Vector]

    def __len__(self) -> int:
        return len(self.firm)

    def matrix(self, names: tuple[str, ...]) -> Vector:
        """Columns side by side, shape (n, len(names))."""
        return np.column_stack([self.columns[name] for name in names])

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Accounts":
        """The rows of a mask or of indices."""
        return Accounts(
            {name: values[rows] for name, values in self.columns.items()},
            self.firm[rows],
            self.fiscal_year[rows],
            {horizon: label[rows] for horizon, label in self.labels.items()},
            {horizon: outcome[rows] for horizon, outcome in self.outcomes.items()},
        )

    def by_year_of_default(self) -> "Accounts":
        """The same with labels of a default in a horizon's last year, unknown for who has defaulted before."""
        labels = dict(self.outcomes)
        for before, horizon in pairwise(HORIZONS):
            labels[horizon] = np.where(self.outcomes[before] == 0.0, self.outcomes[horizon], np.nan)
        return replace(self, labels=labels)


def read_columns(path: Path) -> tuple[dict[str, Vector], dict[str, NDArray[np.str_]]]:
    """Numeric and text columns of a gzipped CSV."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        header = next(reader)
        columns = list(zip(*reader, strict=True))
    numbers = {
        name: np.array([float(cell) if cell else np.nan for cell in cells])
        for name, cells in zip(header, columns, strict=True)
        if name not in _TEXT_COLUMNS
    }
    texts = {name: np.array(cells) for name, cells in zip(header, columns, strict=True) if name in _TEXT_COLUMNS}
    return numbers, texts


def read_us_accounts(folder: Path) -> Accounts:
    """Join ratios and amounts of the US data set, ordered by row id.

    Raises ValueError if the two files hold different rows.
    """
    ratios, texts = read_columns(folder / US_RATIOS)
    amounts, amount_texts = read_columns(folder / US_AMOUNTS)
    order, amount_order = np.argsort(texts["row_id"]), np.argsort(amount_texts["row_id"])
    if not np.array_equal(texts["row_id"][order], amount_texts["row_id"][amount_order]):
        raise ValueError(f"{US_RATIOS} and {US_AMOUNTS} hold different rows")
    columns = {name: values[order] for name, values in ratios.items()}
    columns |= {name: values[amount_order] for name, values in amounts.items()}
    firm, fiscal_year = texts["firm_id"][order], columns.pop("fiscal_year").astype(np.int64)
    labels = {horizon: columns.pop(f"default_{horizon}y") for horizon in HORIZONS}
    return Accounts(columns, firm, fiscal_year, labels, labels)
