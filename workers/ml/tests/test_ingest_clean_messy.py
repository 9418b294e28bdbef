"""Files as users really export them, line by line against what must become of each."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from accunode_ml.ingest import CleanBlock, FileReport, clean_file
from accunode_ml.ingest.model import RejectCode
from accunode_scoring import RATIOS, Kind
from accunode_scoring.least import LEAST


def expectation(shared_data: Path, name: str) -> dict[str, Any]:
    document = json.loads((shared_data / "messy" / "expected.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = next(entry for entry in document["files"] if entry["file"] == name)
    # It tells what is read; a score needs enough of it.
    for place, row in enumerate(found["rows"]):
        if row["status"] == "accept" and not says_enough(Kind(found["layout"]), row["values"]):
            found["rows"][place] = too_little(row["line"])
    found["counts"] = dict(Counter(row["status"] for row in found["rows"]))
    return found


def says_enough(kind: Kind, values: Mapping[str, float | None]) -> bool:
    return LEAST[kind].advice(kind, [name for name, value in values.items() if value is not None]) is None


def too_little(line: int) -> dict[str, Any]:
    return {"line": line, "status": "reject", "reason": "insufficient_information"}


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

    assert {line for line, row in rejected.items() if row.code is RejectCode.UNPARSEABLE_NUMBER} == {19, 60, 95}
    assert {row.code for row in rejected.values()} == {
        RejectCode.UNPARSEABLE_NUMBER,
        RejectCode.INSUFFICIENT_INFORMATION,
    }
    (problem,) = rejected[60].problems
    assert (problem.column, problem.value) == ("net_income_margin", "12.3.4")
    assert problem.message.startswith("Net Income Margin (%): '12.3.4' is not a number with a decimal point")


@pytest.mark.parametrize(
    ("name", "kind", "rows", "lacking"),
    [
        ("demo_annual_sec_companies.csv", Kind.ANNUAL, 941, 328),
        ("demo_annual_sec_complete_rows.csv", Kind.ANNUAL, 176, 0),
        ("demo_annual_us_public_2014.xlsx", Kind.ANNUAL, 500, 0),
        ("demo_quarterly_layout_ltm_2014.xlsx", Kind.QUARTERLY, 300, 0),
    ],
)
def test_every_row_of_a_demo_file_that_says_enough_is_accepted(
    shared_data: Path, name: str, kind: Kind, rows: int, lacking: int
) -> None:
    outcomes, report = read(shared_data / "demo" / name, kind)

    assert report.total == rows
    refused = {line: found for line, found in outcomes.items() if found["status"] != "accept"}
    assert refused == {line: too_little(line) for line in refused}
    assert len(refused) == lacking
