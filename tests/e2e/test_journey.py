"""The main job over HTTP against the running product: real companies in, probabilities of default out."""

import csv
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.api import Analyst

from accunode_credit.columns import INPUTS
from accunode_scoring import Kind
from accunode_scoring.least import LEAST

MESSY_FILES = (
    "01_excel_en_us_bom.csv",
    "02_semicolon_de_cp1252.csv",
    "03_merged_header_percent_cells.xlsx",
    "04_other_column_names.csv",
    "05_duplicates_conflicts_blanks.csv",
    "06_quarterly_unicode_text.txt",
)
CLEAN_FILES = (
    ("demo_annual_sec_complete_rows.csv", "annual"),
    ("demo_annual_us_public_2014.xlsx", "annual"),
    ("demo_quarterly_layout_ltm_2014.xlsx", "quarterly"),
)


def _assert_scored(row: dict[str, Any]) -> None:
    assert 0 < row["pd"] <= row["pd_2y"] <= row["pd_3y"] < 1
    assert row["risk_level"] in {"LOW", "MEDIUM", "HIGH", "CRITICAL"}
    assert row["grade"]
    # Those inputs that make a difference: five typical ratios may leave one.
    assert 1 <= len(row["reasons"]) <= 8
    assert all(reason["text"] for reason in row["reasons"])


def _says_enough(kind: str, values: Mapping[str, Any]) -> bool:
    given = [name for name, value in values.items() if value not in (None, "")]
    return LEAST[Kind(kind)].advice(Kind(kind), given) is None


def _assert_adds_up(job: dict[str, Any], *, accepted: int, rejected: int, skipped: int) -> None:
    counted = {name: job[f"rows_{name}"] for name in ("accepted", "rejected", "skipped")}
    assert counted == {"accepted": accepted, "rejected": rejected, "skipped": skipped}
    assert job["rows_total"] == accepted + rejected + skipped


def test_real_filers_are_scored_with_reasons_and_only_their_tenant_sees_them(
    analyst: Analyst, foreign_analyst: Analyst, shared_data: Path
) -> None:
    file = shared_data / "demo" / "demo_annual_sec_companies.csv"
    with file.open(newline="") as stream:
        given = list(csv.DictReader(stream))

    job = analyst.upload(file, kind="annual")

    told = [row for row in given if _says_enough("annual", {name: row[name] for name in INPUTS[Kind.ANNUAL]})]
    assert job["state"] == "completed_with_errors"
    _assert_adds_up(job, accepted=len(told), rejected=len(given) - len(told), skipped=0)
    results = list(analyst.items(f"/bulk-uploads/{job['id']}/results"))
    assert len(results) == len(told) > len(given) / 2
    for row in results:
        _assert_scored(row)
    assert {(row["company_name"], row["fiscal_year"]) for row in results} == {
        (row["company_name"], int(row["fiscal_year"])) for row in told
    }

    names = {row["company_name"] for row in told}
    assert names <= {company["name"] for company in analyst.items("/companies")}
    assert not names & {company["name"] for company in foreign_analyst.items("/companies")}
    assert foreign_analyst.http.get(f"/bulk-uploads/{job['id']}").status_code == 404
    assert foreign_analyst.http.get(f"/bulk-uploads/{job['id']}/results").status_code == 404
    prediction = results[0]["prediction_id"]
    assert analyst.get(f"/predictions/annual/{prediction}")["company"]["name"] in names
    assert foreign_analyst.http.get(f"/predictions/annual/{prediction}").status_code == 404


@pytest.mark.parametrize(("name", "kind"), CLEAN_FILES)
def test_a_clean_file_is_stored_whole(analyst: Analyst, shared_data: Path, name: str, kind: str) -> None:
    job = analyst.upload(shared_data / "demo" / name, kind=kind)
    assert job["state"] == "completed"
    assert job["rows_accepted"] == job["rows_total"] > 0
    results = list(analyst.items(f"/bulk-uploads/{job['id']}/results"))
    assert len(results) == job["rows_total"]
    for row in results:
        _assert_scored(row)


@pytest.mark.parametrize("name", MESSY_FILES)
def test_a_messy_file_ends_line_by_line_as_expected(fresh_analyst: Analyst, shared_data: Path, name: str) -> None:
    document = json.loads((shared_data / "messy" / "expected.json").read_text())
    expected = next(file for file in document["files"] if file["file"] == name)
    lines = {row["line"]: row for row in expected["rows"]}
    # The file's expectations are of what is read; a score needs enough of it.
    for row in lines.values():
        if row["status"] == "accept" and not _says_enough(expected["layout"], row["values"]):
            row |= {"status": "reject", "reason": "insufficient_information"}
    counts = Counter(row["status"] for row in lines.values())

    job = fresh_analyst.upload(shared_data / "messy" / name, kind=expected["layout"])

    _assert_adds_up(job, accepted=counts["accept"], rejected=counts["reject"], skipped=counts["skip"])
    results = {row["row_number"]: row for row in fresh_analyst.items(f"/bulk-uploads/{job['id']}/results")}
    assert set(results) == {line for line, row in lines.items() if row["status"] == "accept"}
    for line, row in results.items():
        _assert_scored(row)
        assert row["company_name"].casefold() == lines[line]["company"].casefold()
        period = (
            row["fiscal_year"] if row["fiscal_quarter"] is None else f"{row['fiscal_year']}Q{row['fiscal_quarter']}"
        )
        assert period == lines[line]["period"]
        assert {name: row["ratios"][name] for name in lines[line]["values"]} == lines[line]["values"]

    issues: dict[int, list[dict[str, Any]]] = {}
    for issue in fresh_analyst.items(f"/bulk-uploads/{job['id']}/errors", with_skipped="true"):
        issues.setdefault(issue["row_number"], []).append(issue)
    outcomes = {"reject": "rejected", "skip": "skipped"}
    assert set(issues) == {line for line, row in lines.items() if row["status"] != "accept"}
    for line, found in issues.items():
        assert {issue["outcome"] for issue in found} == {outcomes[lines[line]["status"]]}
        assert lines[line]["reason"] in {issue["code"] for issue in found}
        assert all(issue["message"] for issue in found)
