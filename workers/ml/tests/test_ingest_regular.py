"""Files read by whole columns have the rows, the issues and the report that they have when read cell by cell."""

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accunode_common.tabular import TabularError
from accunode_ml.ingest import CleanBlock, clean_file
from accunode_ml.ingest.regular import RegularReader
from accunode_scoring import RATIOS, Kind

IDENTITY = ["symbol", "sector", "external_id", "currency", "market_cap", "remark"]
COLUMNS = {
    Kind.ANNUAL: ["company_name", "fiscal_year", *(ratio.name for ratio in RATIOS[Kind.ANNUAL]), *IDENTITY],
    Kind.QUARTERLY: ["company", "year", "quarter", *(ratio.name for ratio in RATIOS[Kind.QUARTERLY])],
    Kind.STATEMENT: ["obligor", "fiscal_year", *(ratio.name for ratio in RATIOS[Kind.STATEMENT])],
}
PLAIN = {
    "name": ["Acme", "acme", "Beta AG", "Ñandú"],
    "year": ["2014", "2015"],
    "quarter": ["1", "4"],
    "symbol": ["", "brk.b"],
    "sector": ["", "Media"],
    "external_id": ["17", "18"],
    "currency": ["", "usd"],
    "market_cap": ["", "1000.5"],
    "remark": ["", "x"],
    "number": ["", "0", "-0", "12.5", "3", "-7.25"],
}
ODD = {
    "name": [
        *["", " a  b ", "Total", "# note", "'=x", " '=x", "\uff21\uff22", "Stra\u00dfe", "e\u0301", "y" * 301, "NA"],
        *["Source: x", "as of today", "a\tb", "\ufeffX", '"Foo, ""B"" Inc"', '"two\nlines"', '"open', '"a"b', "a\rb"],
    ],
    "year": ["FY2014", "14", "", "2014Q4", " 2015", "1899"],
    "quarter": ["Q1", "5", ""],
    "symbol": ["x" * 40, "n/a"],
    "sector": ["z" * 300, "'-x"],
    "external_id": ["", '"1,5"'],
    "currency": ["US", "$"],
    "market_cap": ["1e17", "-1", "12%", "x"],
    "remark": ['"a,b"'],
    "number": [
        "NM",
        "12.5%",
        "3.2x",
        "(1.5)",
        "9999",
        "1e15",
        "inf",
        "nan",
        "1e400",
        "1,5",
        "abc",
        " 1.5",
        "1_0",
        '""',
    ],
}


def column_kind(column: str) -> str:
    known = {"company_name": "name", "company": "name", "obligor": "name", "fiscal_year": "year"}
    return known.get(column, column if column in PLAIN else "number")


@st.composite
def files(draw: st.DrawFn) -> tuple[Kind, bytes]:
    """An upload whose lines are mostly regular."""
    kind = draw(st.sampled_from(list(COLUMNS)))
    delimiter, line_break = draw(st.sampled_from([",", ",", ";", "\t"])), draw(st.sampled_from(["\n", "\r\n"]))
    decimal = draw(st.sampled_from([".", ","])) if delimiter == ";" else "."
    random = draw(st.randoms(use_true_random=False))
    odd = draw(st.sampled_from([0.0, 0.01, 0.1]))
    lines = [delimiter.join(COLUMNS[kind])]
    for _ in range(draw(st.integers(1, 40))):
        cells = []
        for column in map(column_kind, COLUMNS[kind]):
            cell = random.choice((ODD if random.random() < odd else PLAIN)[column])
            cells.append(cell.replace(".", decimal) if column == "number" and decimal not in cell else cell)
        if random.random() < odd:
            cells = random.choice([[], [""] * len(cells), cells[:-1], [*cells, "more"], COLUMNS[kind]])
        lines.append(delimiter.join(cells))
    text = line_break.join(lines) + draw(st.sampled_from(["", line_break, 2 * line_break]))
    return kind, text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252"])), "ignore")


def outcome(content: bytes, kind: Kind, **options: Any) -> Any:
    """What becomes of a file: its refusal, or each of its rows, and its report."""
    try:
        with clean_file(io.BytesIO(content), kind, block_rows=3, **options) as file:
            blocks = list(file)
    except TabularError as refusal:
        return refusal.code, refusal.message
    rows = {
        "accepted": [row for block in blocks for row in accepted(block)],
        "rejected": [row for block in blocks for row in block.rejected],
        "skipped": [row for block in blocks for row in block.skipped],
    }
    return rows, file.report


def accepted(block: CleanBlock) -> list[tuple[Any, ...]]:
    texts = [block.companies, block.company_keys, block.symbols, block.sectors, block.external_ids, block.currencies]
    periods = [block.fiscal_years.tolist(), block.fiscal_quarters.tolist()]
    numbers = [list(map(repr, block.market_caps.tolist())), list(map(repr, block.ratios.tolist()))]
    return list(zip(block.lines.tolist(), *(text.to_pylist() for text in texts), *periods, *numbers, strict=True))


@settings(deadline=None, max_examples=60)
@given(files(), st.sampled_from([100, 400, 10_000]))
def test_a_file_read_by_columns_is_what_it_is_cell_by_cell(file: tuple[Kind, bytes], size: int) -> None:
    kind, content = file
    assert outcome(content, kind, regular_bytes=size) == outcome(content, kind, regular_bytes=0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_regular_rows_are_read_by_columns_and_irregular_ones_between_them_are_not(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [",".join(COLUMNS[Kind.ANNUAL])]
    lines += [f'"Nïck, {number}",2014,1,2,3,4,5,,,,,,' for number in range(10)]
    lines[7:7] = ['"Two', 'Lines",2014,1,2,3,4,5,,,,,,']
    seen = []
    read = RegularReader.read
    monkeypatch.setattr(
        RegularReader, "read", lambda self, part: (seen.append((part.first_line, len(part))), read(self, part))[1]
    )
    rows, _ = outcome("\n".join(lines).encode(encoding), Kind.ANNUAL, regular_bytes=2_000)
    assert seen == [(4, 4), (10, 4)]
    assert [row[0] for row in rows["accepted"]] == [2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13]
    assert rows["accepted"][6][:3] == (8, "Two Lines", "two lines")
    assert rows["accepted"][-1][:3] == (13, "Nïck, 9", "nïck, 9")
