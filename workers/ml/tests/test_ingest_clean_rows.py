"""The rules for rows, on small files written here."""

import io
from typing import Any

import numpy as np
import pytest

from accunode_common.tabular import (
    TabularError,
)
from accunode_ml.ingest import CleanBlock, FileReport, RejectCode, SkipCode, clean_file
from accunode_scoring import Kind

ANNUAL = (
    "company_name,fiscal_year,long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,"
    "ebit_to_interest_expense,return_on_assets\n"
)
QUARTERLY = "company,year,quarter,total_debt_to_ebitda,sga_margin,long_term_debt_to_total_capital,return_on_capital\n"


def blocks(content: str | bytes, kind: Kind = Kind.ANNUAL, **options: Any) -> tuple[list[CleanBlock], FileReport]:
    source = io.BytesIO(content.encode() if isinstance(content, str) else content)
    with clean_file(source, kind, **options) as cleaned:
        found = list(cleaned)
    return found, cleaned.report


def one(content: str | bytes, kind: Kind = Kind.ANNUAL) -> CleanBlock:
    found, _ = blocks(content, kind)
    (block,) = [block for block in found if len(block.lines) + len(block.rejected) + len(block.skipped)]
    return block


def refusal(content: str | bytes, kind: Kind = Kind.ANNUAL) -> TabularError:
    with pytest.raises(TabularError) as refused:
        blocks(content, kind)
    return refused.value


def rejections(block: CleanBlock) -> dict[int, list[tuple[str, str | None]]]:
    return {row.line: [(problem.code.value, problem.column) for problem in row.problems] for row in block.rejected}


def skips(block: CleanBlock) -> dict[int, str]:
    return {row.line: row.code.value for row in block.skipped}


def test_accepted_rows_come_as_columns() -> None:
    block = one(ANNUAL + "  Acme  AG ,FY2014,12.5%,3.2x,(1.5),NM,-0\nBeta,2015,,1,,2,7\n")
    assert block.lines.tolist() == [2, 3]
    assert block.companies.to_pylist() == ["Acme AG", "Beta"]
    assert block.company_keys.to_pylist() == ["acme ag", "beta"]
    assert block.fiscal_years.tolist() == [2014, 2015]
    assert block.fiscal_quarters.tolist() == [0, 0]
    np.testing.assert_array_equal(block.ratios[0], [12.5, 3.2, -1.5, np.nan, 0.0])
    np.testing.assert_array_equal(block.ratios[1], [np.nan, 1.0, np.nan, 2.0, 7.0])
    for column in (block.symbols, block.sectors, block.external_ids, block.currencies):
        assert column.to_pylist() == [None, None]
    assert np.isnan(block.market_caps).all()


def test_each_wrong_row_says_everything_that_is_wrong_and_harms_no_other() -> None:
    block = one(
        ANNUAL
        + "Acme,2014,1,2,3,4,5\n"
        + ",x,abc,1e7,3,inf,5\n"
        + "Beta,2014,,NM,-,n.a.,\n"
        + "Gamma,2014,nan,1,2,3,4\n"
        + "Delta,2014,-1000000,1,2,3,4\n"
        + "Epsilon,2014,1,2,3,4,5\n"
    )
    assert block.lines.tolist() == [2, 7]
    assert rejections(block) == {
        3: [
            ("missing_company", "company_name"),
            ("bad_period", "fiscal_year"),
            ("unparseable_number", "long_term_debt_to_total_capital"),
            ("sentinel", "total_debt_to_ebitda"),
            ("not_finite", "ebit_to_interest_expense"),
        ],
        4: [("no_ratios", None)],
        5: [("not_finite", "long_term_debt_to_total_capital")],
        6: [("sentinel", "long_term_debt_to_total_capital")],
    }
    problem = block.rejected[0].problems[2]
    assert problem.value == "abc"
    assert problem.message == (
        "long_term_debt_to_total_capital: 'abc' is not a number with a decimal point, as this column has; "
        "leave the cell blank if there is no value."
    )


def test_what_is_invisible_in_a_cell_is_written_out() -> None:
    block = one(ANNUAL + "Acme,2014,1\x00,2,3,4,5\nBeta,2014,1\u00ad2,2,3,4,5\n")
    found = [(problem.value, problem.message.split(";")[0]) for row in block.rejected for problem in row.problems]
    heading = "long_term_debt_to_total_capital"
    assert found == [
        (r"1\x00", rf"{heading}: '1\x00' is not a number with a decimal point, as this column has"),
        (r"1\xad2", rf"{heading}: '1\xad2' is not a number with a decimal point, as this column has"),
    ]


def test_a_company_that_is_far_too_long_is_not_echoed_whole() -> None:
    (rejected,) = one(ANNUAL + f"{'x' * 5000},2014,1,2,3,4,5\n").rejected
    assert len(rejected.company) == 300


@pytest.mark.parametrize(
    "year",
    [
        *("0", "1899", "2101", "20l3", "13/14", "2013/14", "14", "FY14", "FY", "n/a", "", "2014-12-31", "2014Q4"),
        *("-2014", "2014.5", "\u0662\u0660\u0661\u0664", "20 14", "12014"),
    ],
)
def test_a_year_that_is_none_is_a_bad_period(year: str) -> None:
    block = one(f"{ANNUAL}Acme,{year},1,2,3,4,5\nBeta,2014,1,2,3,4,5\n")
    assert rejections(block) == {2: [("bad_period", "fiscal_year")]}


@pytest.mark.parametrize(
    "year", ["2014", " 2014 ", "FY2014", "FY 2014", "fy2014", "2014.0", "2014 FY", "CY2014", "GJ 2014"]
)
def test_a_year_is_read_as_people_write_it(year: str) -> None:
    assert one(f"{ANNUAL}Acme,{year},1,2,3,4,5\n").fiscal_years.tolist() == [2014]


@pytest.mark.parametrize(
    ("year", "quarter"),
    [
        *(("2014", quarter) for quarter in ("Q4", "4", "4Q", "q4", "Q 4", "4.0", "Quarter 4", "T4", "4. Quartal")),
        ("FY2014", "Q4"),
        ("2014Q4", ""),
        ("Q4 2014", ""),
        ("2014-Q4", ""),
        ("4Q 2014", ""),
        ("", "Q4 2014"),
        ("2014Q4", "Q4"),
        ("2014", "2014Q4"),
    ],
)
def test_a_quarter_is_read_as_people_write_it(year: str, quarter: str) -> None:
    block = one(f"{QUARTERLY}Acme,{year},{quarter},1,2,3,4\n", Kind.QUARTERLY)
    assert (block.fiscal_years.tolist(), block.fiscal_quarters.tolist()) == ([2014], [4])


@pytest.mark.parametrize(
    ("year", "quarter", "column"),
    [
        ("2014", "Q5", "fiscal_quarter"),
        ("2014", "0", "fiscal_quarter"),
        ("2014", "", "fiscal_quarter"),
        ("2014", "IV", "fiscal_quarter"),
        ("", "Q4", "fiscal_year"),
        ("1899", "Q4", "fiscal_year"),
        ("2014Q4", "Q3", "fiscal_year"),
        ("2013", "2014Q4", "fiscal_quarter"),
    ],
)
def test_a_quarter_that_is_none_is_a_bad_period(year: str, quarter: str, column: str) -> None:
    block = one(f"{QUARTERLY}Acme,{year},{quarter},1,2,3,4\nBeta,2014,Q4,1,2,3,4\n", Kind.QUARTERLY)
    assert rejections(block) == {2: [("bad_period", column)]}


def test_year_and_quarter_may_stand_in_one_column() -> None:
    header = QUARTERLY.replace("year,quarter", "Period")
    block = one(f"{header}Acme,2014Q4,1,2,3,4\nBeta,2014,1,2,3,4\n", Kind.QUARTERLY)
    assert (block.fiscal_years.tolist(), block.fiscal_quarters.tolist()) == ([2014], [4])
    assert rejections(block) == {3: [("bad_period", "fiscal_year")]}


def test_duplicates_are_skipped_and_conflicts_refused_across_blocks() -> None:
    rows = [
        "Acme,2014,1,2,3,,5",
        "ACME ,FY2014,1.0,2,3.00,NM,5",
        "Acme,2015,1,2,3,,5",
        " acme,2014,1,2,3,,6",
        "Zero,2014,0,,1,,2",
        "Zero,2014,-0,,1,,2",
        "Bad,2014,abc,2,3,4,5",
        "Bad,2014,1,2,3,4,5",
    ]
    for size in (1, 3, 100):
        found, report = blocks(ANNUAL + "\n".join(rows), block_rows=size)
        skipped = {row.line: row for block in found for row in block.skipped}
        rejected = {row.line: row for block in found for row in block.rejected}
        assert [line for block in found for line in block.lines.tolist()] == [2, 4, 6, 9]
        assert {line: row.code for line, row in skipped.items()} == {3: SkipCode.DUPLICATE, 7: SkipCode.DUPLICATE}
        assert skipped[3].message == "The row repeats line 2."
        assert {line: row.code for line, row in rejected.items()} == {
            5: RejectCode.CONFLICT_DUPLICATE,
            8: RejectCode.UNPARSEABLE_NUMBER,
        }
        assert (
            rejected[5].problems[0].message == "acme has other values for 2014 on line 2; keep the row that is right."
        )
        assert (report.total, report.accepted, report.rejected, report.skipped) == (8, 4, 2, 2)


def test_blank_rows_totals_and_notes_are_skipped_and_companies_are_not() -> None:
    block = one(
        ANNUAL
        + "Total,2014,1,2,3,4,5\n"  # a company of that name
        + "\n"
        + ",,,,,,\n"
        + "Lonely company,,,,,,\n"  # alone after a gap: a heading or a note
        + "Acme,2014,1,2,3,4,5\n"
        + "Forgotten GmbH,,,,,,\n"  # alone among companies: a company without anything
        + "Beta,2014,1,2,3,4,5\n"
        + "Average,,1,2,3,4,5\n"
        + "# a remark,2014,1,2,3,4,5\n"
        + 'Source: filings,"2024",,,,,\n'
        + "NM = not meaningful\n"
        + "company_name,fiscal_year,long_term_debt_to_total_capital,total_debt_to_ebitda,net_income_margin,"
        + "ebit_to_interest_expense,return_on_assets\n"
    )
    assert block.companies.to_pylist() == ["Total", "Acme", "Beta"]
    assert skips(block) == {
        3: "blank",
        4: "blank",
        5: "footer",
        9: "footer",
        10: "footer",
        11: "footer",
        12: "footer",
        13: "footer",
    }
    assert rejections(block) == {7: [("bad_period", "fiscal_year"), ("no_ratios", None)]}


def test_a_number_with_the_other_columns_unit_is_refused() -> None:
    block = one(ANNUAL + "Acme,2014,12x,2,3,4,5\nBeta,2014,1,131%,3,4,5\n")
    assert rejections(block) == {
        2: [("unparseable_number", "long_term_debt_to_total_capital")],
        3: [("unparseable_number", "total_debt_to_ebitda")],
    }
    assert "this column holds percentages" in block.rejected[0].problems[0].message


def test_a_row_with_a_shifted_cell_is_refused() -> None:
    block = one(
        ANNUAL + "Acme, Inc.,2014,1,2,3,4,5\nBeta,2014,12,5,2,3,4,5\nGamma,2014,1,2,3\nDelta,2014,1,2,3,4,5,,\n"
    )
    assert block.companies.to_pylist() == ["Gamma", "Delta"]
    assert [code for code, _ in rejections(block)[2]] == ["bad_period", "too_many_cells"]
    assert rejections(block)[3] == [("too_many_cells", None)]


def test_a_row_that_says_too_little_is_refused_with_what_to_add() -> None:
    block = one(ANNUAL + "Acme,2014,1,,3,,\nBeta,2014,1,2,3,,\nGamma,2014,,,3,4,5\nDelta,2014,,,,,5\n")
    assert block.companies.to_pylist() == ["Beta"]
    assert rejections(block) == {line: [("insufficient_information", None)] for line in (2, 4, 5)}
    told = [row.problems[0].message for row in block.rejected]
    assert told[0].startswith("2 of 5 ratios say too little; a score needs 3: add 1 more of Total debt / EBITDA, ")
    assert told[1].endswith("add one of leverage (Long-term debt / total capital, Total debt / EBITDA).")
    assert told[2].endswith("Total debt / EBITDA) and 1 more.")


def test_names_that_a_database_cannot_keep_harm_no_other_row() -> None:
    content = (
        f'{ANNUAL}A\x00cme,2014,1,2,3,4,5\n{"x" * 301},2014,1,2,3,4,5\n"Two\nLines",2014,1,2,3,4,5\n'
        "'=Sum,2014,1,2,3,,\n"
    )
    block = one(content)
    assert block.companies.to_pylist() == ["Acme", "Two Lines", "=Sum"]
    assert rejections(block) == {3: [("unreadable_text", "company_name")]}


def test_a_name_with_broken_characters_is_refused_alone() -> None:
    sound = "".join(f"Söhne {number},2014,1,2,3,4,5\n" for number in range(9))
    block = one((ANNUAL + sound).encode() + b"Caf\xe9,2014,1,2,3,4,5\n")
    assert len(block.companies) == 9
    assert rejections(block) == {11: [("unreadable_text", "company_name")]}


def test_who_a_company_is_comes_along_and_unusable_values_are_reported() -> None:
    header = ANNUAL.replace("company_name", "Ticker,Industry,CIK,Market Cap,Ccy,Issuer")
    found, report = blocks(
        header
        + 'brk.b,Insurance,1067983,"1,000,000.5",usd,Acme,2014,1,2,3,4,5\n'
        + f"{'x' * 40},-,NM,lots,Dollar,Beta,2014,1,2,3,4,5\n"
    )
    (block,) = found
    assert block.symbols.to_pylist() == ["BRK.B", None]
    assert block.sectors.to_pylist() == ["Insurance", None]
    assert block.external_ids.to_pylist() == ["1067983", None]
    assert block.currencies.to_pylist() == ["USD", None]
    np.testing.assert_array_equal(block.market_caps, [1_000_000.5, np.nan])
    for column in ("symbol", "currency", "market_cap"):
        assert f"1 value of {column} could not be used and were left blank, the first on line 3." in report.warnings


def test_columns_that_are_not_used_and_decimal_commas_are_reported() -> None:
    header = ANNUAL.replace(",", ";").replace("\n", ";Analyst;\n")
    _, report = blocks(header + "Acme;2014;31,5;2;3;4;5;J. Doe;x\n")
    assert (report.delimiter, report.decimal) == (";", ",")
    assert report.ignored_columns == ("Analyst", "(column I)")
    assert report.mapping["company_name"] == "company_name"


def test_percentages_given_as_fractions_are_pointed_out() -> None:
    rows = "".join(f"Company {number},2014,0.3,2.5,0.0{number + 11},4,5\n" for number in range(30))
    _, report = blocks(ANNUAL + rows)
    assert [warning.split(" lie")[0] for warning in report.warnings] == [
        "All values of long_term_debt_to_total_capital",
        "All values of net_income_margin",
    ]


def test_a_missing_column_refuses_the_file_and_names_the_nearest_heading() -> None:
    refused = refusal(ANNUAL.replace("return_on_assets", "Retrun on asets") + "Acme,2014,1,2,3,4,5\n")
    assert refused.code == "missing_columns"
    assert refused.message == (
        "The column Return on assets (return_on_assets) is missing; the nearest heading is 'Retrun on asets' "
        "in column G: rename that to return_on_assets if it is meant."
    )
    refused = refusal("company_name,fiscal_year,return_on_asets\nAcme,2014,1\n")
    assert refused.message.count("'return_on_asets' in column C: rename that to return_on_assets if") == 1
    assert refused.message.count("is missing: add it, with blank cells if there are no values.") == 4
    refused = refusal("company_name,fiscal_year,ebitda,net_income,return_on_equity\nAcme,2014,1,2,3\n")
    assert "nearest" not in refused.message
    refused = refusal("company_name,fiscal_year,net_income_margin\nAcme,2014,1\n")
    assert refused.message.count("is missing: add it, with blank cells if there are no values.") == 4
    assert (
        "fiscal_quarter"
        in refusal(QUARTERLY.replace(",quarter", ",part") + "A,2014,Q4,1,2,3,4\n", Kind.QUARTERLY).message
    )


def test_a_column_that_stands_there_twice_refuses_the_file() -> None:
    refused = refusal(ANNUAL.replace("\n", ",ROA\n") + "Acme,2014,1,2,3,4,5,6\n")
    assert refused.code == "ambiguous_columns"
    assert "Columns G ('return_on_assets') and H ('ROA') both hold return_on_assets" in refused.message


def test_the_surer_of_two_headings_names_the_company() -> None:
    block = one("Name," + ANNUAL + "J. Doe,Acme,2014,1,2,3,4,5\n")
    assert block.companies.to_pylist() == ["Acme"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty_file"),
        ("just some text\nand more\n", "no_header"),
        ("1,2,3\n4,5,6\n", "no_header"),
        (ANNUAL, "no_data_rows"),
        (ANNUAL + "\n\n", "no_data_rows"),
        (ANNUAL + "# Example AG,2014,1,2,3,4,5\n", "no_data_rows"),
    ],
)
def test_a_file_without_header_or_rows_is_refused(content: str, code: str) -> None:
    assert refusal(content).code == code


def test_rows_of_which_no_reading_makes_sense_are_refused_and_odd_ones_accepted() -> None:
    block = one(ANNUAL + "Acme,2014,40,2,30,5,-30\nBeta,2014,40,2,10,5,-10\n")
    assert rejections(block) == {2: [("implausible", "return_on_assets")]}
    assert block.companies.to_pylist() == ["Beta"]
