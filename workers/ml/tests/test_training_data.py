"""Reading the training data."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightgbm")

from accunode_ml.training.data import US_AMOUNTS, US_RATIOS, read_us_accounts
from accunode_scoring.amounts import AMOUNTS
from accunode_scoring.features import ANNUAL, QUARTERLY

LABELS = ("default_1y", "default_2y", "default_3y")


def write(path: Path, rows: list[dict[str, object]]) -> None:
    with gzip.open(path, "wt", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def folder(tmp_path: Path, amount_ids: tuple[str, ...] = ("r2", "r1", "r3")) -> Path:
    ratios = [
        {
            "row_id": "r1",
            "firm_id": "A",
            "fiscal_year": 2001,
            "split": "train",
            "return_on_assets": "-0",
            "default_1y": 0,
        },
        {
            "row_id": "r3",
            "firm_id": "B",
            "fiscal_year": 2002,
            "split": "train",
            "return_on_assets": "",
            "default_1y": 0,
        },
        {"row_id": "r2", "firm_id": "A", "fiscal_year": 2002, "split": "train", "return_on_assets": 4, "default_1y": 1},
    ]
    write(tmp_path / US_RATIOS, [{**row, "default_2y": row["default_1y"], "default_3y": ""} for row in ratios])
    amounts = [{"row_id": name, **{a.name: 10 * place for a in AMOUNTS}} for place, name in enumerate(amount_ids)]
    write(tmp_path / US_AMOUNTS, amounts)
    return tmp_path


def test_rows_are_joined_by_id(tmp_path: Path) -> None:
    accounts = read_us_accounts(folder(tmp_path))
    assert accounts.firm.tolist() == ["A", "A", "B"]
    assert accounts.fiscal_year.tolist() == [2001, 2002, 2002]
    assert accounts.labels[1].tolist() == [0.0, 1.0, 0.0]
    assert np.isnan(accounts.labels[3]).all()
    assert accounts.columns["total_assets_musd"].tolist() == [10.0, 0.0, 20.0]


def test_the_sign_of_zero_and_missing_values_survive_reading(tmp_path: Path) -> None:
    values = read_us_accounts(folder(tmp_path)).columns["return_on_assets"]
    assert np.signbit(values[0])
    assert values[0] == 0
    assert np.isnan(values[2])


def test_files_of_different_rows_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="different rows"):
        read_us_accounts(folder(tmp_path, ("r1", "r2", "r9")))


def test_the_shared_data_are_as_the_recipes_expect(shared_data: Path) -> None:
    accounts = read_us_accounts(shared_data)
    assert len(accounts) == 65_931
    assert (accounts.fiscal_year.min(), accounts.fiscal_year.max()) == (1999, 2014)
    assert int(np.nansum(accounts.labels[1])) == 490
    for features in (ANNUAL, QUARTERLY):
        assert set(features.columns) <= set(accounts.columns)
