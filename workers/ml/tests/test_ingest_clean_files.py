"""The forms that a file may have: headers, sheets, templates, exports."""

import csv
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accunode_common.tabular import (
    Cell,
    FileFormat,
    OutputColumn,
    TabularError,
    TemplateColumn,
    open_writer,
    printable,
    write_template,
)
from accunode_ml.ingest import CleanBlock, FileReport, clean_file
from accunode_scoring import RATIOS, Kind

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


def written(file_format: FileFormat, columns: list[OutputColumn], rows: list[Any]) -> bytes:
    sink = io.BytesIO()
    with open_writer(file_format, sink, columns) as writer:
        writer.write(rows)
    return sink.getvalue()


def skips(block: CleanBlock) -> dict[int, str]:
    return {row.line: row.code.value for row in block.skipped}


def test_a_header_is_found_below_titles_over_two_lines_and_with_a_line_of_units() -> None:
    content = (
        "Portfolio review\n"
        "\n"
        "Issuer,,LT debt /,Total debt /,Net income,EBIT /,Return on\n"
        "Name,FY,total capital,EBITDA,margin,interest,assets\n"
        ",year,%,x,%,x,%\n"
        "Acme,2014,1,2,3,4,5\n"
    )
    found, report = blocks(content)
    assert report.header_lines == (3, 4, 5)
    np.testing.assert_array_equal(found[0].ratios, [[1, 2, 3, 4, 5]])
    assert found[0].lines.tolist() == [6]


def test_a_workbooks_second_sheet_is_read_when_the_first_is_no_table() -> None:
    from openpyxl import Workbook

    book = Workbook()
    cover = book["Sheet"]
    cover.append(["Read me"])
    data = book.create_sheet("Data")
    data.append(ANNUAL.strip().split(","))
    data.append(["Acme", 2014, 0.125, 3.2, "NM", None, 5])
    data["C2"].number_format = "0.0%"
    data["I2"] = "a remark beside the table"
    data.append([12345, "2014", 0.5, 0.5, None, None, 5])
    data["D3"].number_format = "0%"
    sink = io.BytesIO()
    book.save(sink)

    found, report = blocks(sink.getvalue())

    assert (report.format, report.sheet) == ("xlsx", "Data")
    assert "Only the sheet Data was read, not Sheet." in report.warnings
    np.testing.assert_array_equal(found[0].ratios, [[12.5, 3.2, np.nan, np.nan, 5]])
    assert rejections(found[0]) == {3: [("unparseable_number", "total_debt_to_ebitda")]}


def test_a_parquet_file_is_read_by_record_number() -> None:
    names = ANNUAL.strip().split(",")
    values = [["Acme", "Beta"], [2014, 2015], [1.5, None], [2, 3], [3.0, float("nan")], [4.0, 1e9], [5.0, 6.0]]
    table = pa.table(dict(zip(names, values, strict=True)))
    sink = io.BytesIO()
    pq.write_table(table, sink)

    found, report = blocks(sink.getvalue())

    assert (report.format, report.header_lines, report.total) == ("parquet", (), 2)
    assert found[0].lines.tolist() == [1]
    assert rejections(found[0]) == {2: [("sentinel", "ebit_to_interest_expense")]}


def test_statement_amounts_need_only_their_required_columns_and_may_be_large() -> None:
    required = [ratio for ratio in RATIOS[Kind.STATEMENT] if ratio.required]
    header = ",".join(["company_name", "fiscal_year", *(ratio.name for ratio in required)])
    block = one(f'{header}\nAcme,2014,"2,500,000.5"{",7" * (len(required) - 1)}\n', Kind.STATEMENT)
    assert block.ratios.shape == (1, len(RATIOS[Kind.STATEMENT]))
    assert block.ratios[0, 0] == 2_500_000.5


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("heading", ["name", "label"])
@pytest.mark.parametrize("file_format", list(FileFormat))
def test_a_filled_template_is_accepted_whole(kind: Kind, heading: str, file_format: FileFormat) -> None:
    who = [
        TemplateColumn("company_name", "text", "The obligor's name.", "Example AG"),
        TemplateColumn("fiscal_year", "year", "The fiscal year.", 2024),
    ]
    if kind is Kind.QUARTERLY:
        who.append(TemplateColumn("fiscal_quarter", "quarter", "The fiscal quarter.", "Q4"))
    inputs = [TemplateColumn(getattr(ratio, heading), ratio.unit, ratio.definition, 12.5) for ratio in RATIOS[kind]]
    template = write_template(file_format, [*who, *inputs])
    row: list[Cell] = ["Acme", 2024, *(["Q4"] if kind is Kind.QUARTERLY else []), *[1.5] * len(inputs)]
    columns = [OutputColumn(column.heading, "text" if isinstance(column.example, str) else "number") for column in who]
    columns += [OutputColumn(column.heading, "number") for column in inputs]

    if file_format is FileFormat.CSV:
        block = one(template + ",".join(map(str, row)).encode(), kind)
        assert skips(block) == {2: "footer", 3: "footer"}
    elif file_format is FileFormat.XLSX:
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(template))
        book["Data"].append(row)
        sink = io.BytesIO()
        book.save(sink)
        block = one(sink.getvalue(), kind)
        assert skips(block) == {2: "footer", 3: "footer"}
    else:
        assert refusal(template, kind).code == "no_data_rows"
        block = one(written(file_format, columns, [row]), kind)

    assert block.companies.to_pylist() == ["Acme"]
    assert block.rejected == []
    assert block.ratios.tolist() == [[1.5] * len(inputs)]


def test_an_export_of_ours_can_be_uploaded_again() -> None:
    columns = [OutputColumn(name) for name in ANNUAL.strip().split(",")]
    content = written(FileFormat.CSV, columns, [["=Sum & Söhne", 2014, 1.25, -0.5, None, 3.0, 5.0]])
    block = one(content)
    assert block.companies.to_pylist() == ["=Sum & Söhne"]
    np.testing.assert_array_equal(block.ratios, [[1.25, -0.5, np.nan, 3.0, 5.0]])


CELL = st.one_of(
    st.sampled_from(
        ["", "NM", "1.5", "12%", "(3)", "2014", "Acme", "=x", '"', "'", "\x00", "nan", "1,5", "Total", "# x"]
    ),
    st.text(max_size=6),
)


@settings(deadline=None)
@given(st.lists(st.lists(CELL, max_size=9), min_size=1, max_size=12), st.integers(1, 4))
def test_whatever_the_rows_each_is_accepted_rejected_or_skipped(rows: list[list[str]], size: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[printable(cell) for cell in row] for row in rows])
    content = ANNUAL + "Acme,2014,1,2,3,4,5\r\n" + text.getvalue()
    found, report = blocks(content, block_rows=size, regular_bytes=200)
    lines = [line for block in found for line in block.lines.tolist()]
    lines += [row.line for block in found for row in block.rejected]
    lines += [row.line for block in found for row in block.skipped]
    assert len(lines) == len(set(lines)) == report.total
    assert report.accepted + report.rejected + report.skipped == report.total
    assert report.total == len(rows) + 1
