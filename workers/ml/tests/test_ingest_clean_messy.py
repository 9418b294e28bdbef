"""Files as users really export them, line by line against what must become of each."""

import json
from pathlib import Path
from typing import Any

import pytest

from accunode_ml.ingest import CleanBlock, FileReport, clean_file
from accunode_scoring import RATIOS, Kind


def expectation(shared_data: Path, name: str) -> dict[str, Any]:
    document = json.loads((shared_data / "messy" / "expected.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = next(entry for entry in document["files"] if entry["file"] == name)
    return found


def read(path: Path, kind: Kind) -> tuple[dict[int, dict[str, Any]], FileReport]:
    outcomes: dict[int, dict[str, Any]] = {}
    with clean_file(path, kind, block_rows=17) as cleaned:
        for block in cleaned:
            outcomes.update(outcomes_of(block, kind))
    return outcomes, cleaned.report


def outcomes_of(block: CleanBlock, kind: Kind) -> dict[int, dict[str, Any]]:
    names = [ratio.name for ratio in RATIOS[kind]]
    found: dict[int, dict[str, Any]] = {}
    for row, line in enumerate(block.lines.tolist()):
        year, quarter = int(block.fiscal_years[row]), int(block.fiscal_quarters[row])
        values = [None if value != value else value for value in block.ratios[row].tolist()]
        found[line] = {
            "line": line,
            "company": block.companies[row].as_py(),
            "period": f"{year}Q{quarter}" if quarter else year,
            "status": "accept",
            "values": dict(zip(names, values, strict=True)),
        }
    for rejected in block.rejected:
        found[rejected.line] = {"line": rejected.line, "status": "reject", "reason": rejected.code.value}
    for skipped in block.skipped:
        found[skipped.line] = {"line": skipped.line, "status": "skip", "reason": skipped.code.value}
    return found


FILES = [
    "01_excel_en_us_bom.csv",
    "02_semicolon_de_cp1252.csv",
    "03_merged_header_percent_cells.xlsx",
    "04_other_column_names.csv",
    "05_duplicates_conflicts_blanks.csv",
    "06_quarterly_unicode_text.txt",
]


@pytest.mark.parametrize("name", FILES)
def test_every_line_of_a_messy_file_has_the_expected_outcome(shared_data: Path, name: str) -> None:
    expected = expectation(shared_data, name)

    outcomes, report = read(shared_data / "messy" / name, Kind(expected["layout"]))

    for row in expected["rows"]:
        if row["status"] != "accept":
            row = {key: row[key] for key in ("line", "status", "reason")}
        assert outcomes.pop(row["line"]) == row
    assert outcomes == {}
    counts = {"accept": report.accepted, "reject": report.rejected, "skip": report.skipped}
    assert {status: count for status, count in counts.items() if count} == expected["counts"]
    assert report.total == len(expected["rows"])


@pytest.mark.parametrize("name", FILES)
def test_the_report_says_how_a_messy_file_was_read(shared_data: Path, name: str) -> None:
    expected = expectation(shared_data, name)

    with clean_file(shared_data / "messy" / name, Kind(expected["layout"])) as cleaned:
        report = cleaned.report

    if "encoding" in expected:
        assert report.encoding == expected["encoding"].split(" ")[0]
        assert report.delimiter == expected["delimiter"].replace("\\t", "\t")
        assert report.decimal == expected["decimal"]
        assert report.decimals == {}
    else:
        assert report.sheet == expected["sheet"]
    assert list(report.header_lines) == expected.get("header_lines", [expected.get("header_line")])
    renamed = {"company": "company_name", "year": "fiscal_year"}
    for heading, column in expected.get("mapping", {}).items():
        assert report.mapping[heading] == renamed.get(column, column)
    assert json.loads(json.dumps(report.as_dict()))["accepted"] == 0


def test_columns_that_are_not_used_are_named(shared_data: Path) -> None:
    with clean_file(shared_data / "messy" / "04_other_column_names.csv", Kind.ANNUAL) as cleaned:
        assert cleaned.report.ignored_columns == ("Analyst", "Rating")
        assert "These columns are not used: Analyst, Rating." in cleaned.report.warnings


def test_a_rejected_row_says_what_was_wrong_where(shared_data: Path) -> None:
    with clean_file(shared_data / "messy" / "01_excel_en_us_bom.csv", Kind.ANNUAL) as cleaned:
        rejected = {row.line: row for block in cleaned for row in block.rejected}

    assert set(rejected) == {19, 60, 95}
    (problem,) = rejected[60].problems
    assert (problem.column, problem.value) == ("net_income_margin", "12.3.4")
    assert problem.message.startswith("Net Income Margin (%): '12.3.4' is not a number with a decimal point")


@pytest.mark.parametrize(
    ("name", "kind", "rows"),
    [
        ("demo_annual_sec_companies.csv", Kind.ANNUAL, 941),
        ("demo_annual_sec_complete_rows.csv", Kind.ANNUAL, 176),
        ("demo_annual_us_public_2014.xlsx", Kind.ANNUAL, 500),
        ("demo_quarterly_layout_ltm_2014.xlsx", Kind.QUARTERLY, 300),
    ],
)
def test_every_row_of_a_demo_file_is_accepted(shared_data: Path, name: str, kind: Kind, rows: int) -> None:
    outcomes, report = read(shared_data / "demo" / name, kind)

    assert report.total == rows
    assert {line: found for line, found in outcomes.items() if found["status"] != "accept"} == {}
