"""The command for outsiders."""

import csv
from pathlib import Path

import pytest
from scoring_inputs import champion

from accunode_scoring import Kind
from accunode_scoring.cli import main
from accunode_scoring.offline import looks_like_placeholder

HEADER = ",".join(("row_id", *champion(Kind.ANNUAL).columns))


def run(tmp_path: Path, text: str, kind: str, *options: str) -> list[dict[str, str]]:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(text, encoding="utf-8")
    assert main(["score", "--kind", kind, *options, str(source), str(target)]) == 0
    with target.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_scores_are_those_of_the_library_and_row_ids_are_carried(tmp_path: Path) -> None:
    rows = run(tmp_path, f"{HEADER}\nr1,35,2.5,4,5,3\nr2,,-0,-3,,-12.5\n", "annual")
    assert [row["row_id"] for row in rows] == ["r1", "r2"]
    score = champion(Kind.ANNUAL).score(
        {"total_debt_to_ebitda": -0.0, "net_income_margin": -3.0, "return_on_assets": -12.5}
    )
    assert float(rows[1]["pd"]) == score.pd
    assert float(rows[1]["pd_3y"]) == score.pd_3y
    assert rows[1]["reason_1"] == score.reasons[0].code
    assert rows[1]["flags"] == ";".join(map(str, score.flags))


def test_a_refused_row_keeps_its_line_and_says_why(tmp_path: Path) -> None:
    rows = run(
        tmp_path, f"{HEADER}\na,abc,1,1,1,1\nb,,,,,\nc,100000000,1,1,1,1\nd,1,inf,1,1,1\ne,1,1,1,1,1\n", "annual"
    )
    assert [row["refused"] for row in rows] == [
        "not_a_number:long_term_debt_to_total_capital",
        "no_ratios",
        "sentinel:long_term_debt_to_total_capital",
        "not_finite:total_debt_to_ebitda",
        "",
    ]
    assert [bool(row["pd"]) for row in rows] == [False, False, False, False, True]


def test_dashes_are_missing_and_underscores_no_number(tmp_path: Path) -> None:
    rows = run(tmp_path, f"{HEADER}\na,\u2013,1,1,k.A.,1\nb,1_000,1,1,1,1\n", "annual")
    assert rows[0]["flags"].count("missing:") == 2
    assert rows[1]["refused"] == "not_a_number:long_term_debt_to_total_capital"


def test_a_field_of_any_length_gets_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f"{HEADER}\n{'x' * 200_000},1,1,1,1,1\n")
    assert main(["score", "--kind", "annual", str(source), str(tmp_path / "out.csv")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_absurd_measurement_is_flagged_unless_strict(tmp_path: Path) -> None:
    text = f"{HEADER}\na,1,1,-3254512.5,1,-80\n"
    flagged = run(tmp_path, text, "annual")[0]
    assert flagged["pd"]
    assert "out_of_range:net_income_margin" in flagged["flags"]
    assert run(tmp_path, text, "annual", "--strict")[0]["refused"] == "sentinel:net_income_margin"


def test_headings_of_every_day_are_understood(tmp_path: Path) -> None:
    rows = run(tmp_path, "LTD/Cap,Lev,NI %,Int Cov,ROA\n35,2.5,4,5,3\n", "annual")
    plain = run(tmp_path, f"{HEADER}\nr1,35,2.5,4,5,3\n", "annual")
    assert rows[0]["pd"] == plain[0]["pd"]


def test_a_statement_needs_six_amounts_and_no_more(tmp_path: Path) -> None:
    amounts = ("total_assets", "total_liabilities", "long_term_debt", "net_sales", "operating_expenses", "net_income")
    header = ",".join(("firm_id", "fiscal_year", *(f"{amount}_musd" for amount in amounts)))
    rows = run(tmp_path, f"{header}\nF,2015,100,80,40,90,85,-9\nF,2016,140,70,30,120,,2\n", "statement")
    assert [(row["firm_id"], row["fiscal_year"]) for row in rows] == [("F", "2015"), ("F", "2016")]
    assert [row["refused"] for row in rows] == ["", "required:operating_expenses_musd"]
    assert "missing:market_value_musd" in rows[0]["flags"]


def test_a_file_without_known_columns_gets_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.csv"
    source.write_text("a,b\n1,2\n")
    assert main(["score", "--kind", "annual", str(source), str(tmp_path / "out.csv")]) == 1
    assert "no column of the file is known" in capsys.readouterr().err


def test_a_file_that_is_not_there_gets_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "--kind", "annual", str(tmp_path / "none.csv"), str(tmp_path / "out.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "placeholder"), [(1e8, True), (9_999_999, True), (-1e6, True), (3_254_512.5, False)])
def test_placeholders_are_powers_of_ten_or_all_nines(value: float, placeholder: bool) -> None:
    assert looks_like_placeholder(value) is placeholder


def test_real_filers_score_with_reasons(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "demo" / "demo_annual_sec_companies.csv"
    assert main(["score", "--kind", "annual", str(source), str(tmp_path / "out.csv")]) == 0
    with (tmp_path / "out.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    with source.open(newline="", encoding="utf-8-sig") as lines:
        assert [row["company_name"] for row in csv.DictReader(lines)] == [row["company_name"] for row in rows]
    assert all(row["refused"] or (0 < float(row["pd"]) < 1 and row["reason_1"]) for row in rows)
    assert len({row["pd"] for row in rows if row["pd"]}) > len(rows) / 2
