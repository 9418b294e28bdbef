"""Files made to cost more than they weigh, each in any size; `python -m accunode_common.testing.hostile` times them.

For each kind it reads files of doubling size, and prints how much longer the doubled one takes: a reader is linear when
the ratio stays near 2. A refusal counts as an answer.
"""

import io
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from accunode_common.tabular import TabularError, open_table

MOST_SECONDS = 10.0
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_HEADER = "company_name,fiscal_year,note\n"


def workbook(
    rows: str, *, strings: str = "", styles: str = "", tail: str = "", sheets: int = 1, head: str = ""
) -> bytes:
    """A workbook with these XML fragments inside its sheets' data, its shared texts, and so on."""
    links = "".join(
        f'<Relationship Id="s{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in range(sheets)
    )
    names = "".join(f'<sheet name="S{n}" sheetId="{n + 1}" r:id="s{n}"/>' for n in range(sheets))
    sheet = f'<worksheet xmlns="{_MAIN}">{head}<sheetData>{rows}</sheetData>{tail}</worksheet>'
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}'
        f'<Relationship Id="t" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="y" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>',
        **{f"xl/worksheets/sheet{n}.xml": sheet for n in range(sheets)},
    }
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return sink.getvalue()


def _row(number: int, cells: str) -> str:
    return f'<row r="{number}">{cells}</row>'


def _inline(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def _parquet(columns: Mapping[str, object], **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), sink, **options)
    return sink.getvalue()


def _repeated(text: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))


def _csv(unit: str) -> Callable[[int], bytes]:
    return lambda units: (_HEADER + unit * units).encode()


CSV: Mapping[str, Callable[[int], bytes]] = {
    "open quotes": _csv('x","\n'),
    "quotes that close early": _csv('"a"b,2014,c\n'),
    "quotes in quotes": _csv('"a""\n'),
    "quotes over lines": _csv('"a\nb",2014,c\n'),
    "quotes after semicolons": _csv('x;";"\n'),
    "quotes after tabs": _csv('x\t"\t"\n'),
    "quotes after spaces": _csv('x, "y, "\n'),
    "lone returns": _csv('x,"\r'),
    "blank lines": _csv("\n"),
    "one long line": lambda units: (_HEADER + "x" * units).encode(),
    "one wide row": lambda units: (_HEADER + "," * units).encode(),
    "one open cell": lambda units: (_HEADER + '"' + "x\n" * units).encode(),
    "broken bytes": lambda units: _HEADER.encode() + b"\xff\xc3," * units,
    "bytes of no encoding": lambda units: _HEADER.encode() + b"\x81\n" * units,
    "two bytes a letter": lambda units: (_HEADER + 'x","\n' * units).encode("utf-16"),
    "four bytes a letter": lambda units: (_HEADER + 'x","\n' * units).encode("utf-32"),
    "accents": _csv("e" + "\u0315\u0300" * 5 + ",2014,x\n"),
}
"""Text files of so many units."""

XLSX: Mapping[str, Callable[[int], bytes]] = {
    "formulas without end": lambda units: workbook(_row(1, '<c r="A1"><f>' * units)),
    "formulas and spaces": lambda units: workbook(_row(1, '<c r="A1"><f>1</f>' + " " * units + "<v>1</v></c>")),
    "cells without end": lambda units: workbook('<c r="A1" ' * units),
    "attributes": lambda units: workbook(_row(1, "<c " + " ".join(f'a{n}=""' for n in range(units)) + "/>")),
    "a long attribute": lambda units: workbook(_row(1, f'<c r="A1" x="{"y" * units}"/>')),
    "a long comment": lambda units: workbook("<!--" + "y" * units + "-->"),
    "deep elements": lambda units: workbook("<row>" + "<x>" * units),
    "far blank cells": lambda units: workbook("".join(_row(n, _inline(f"XFD{n}", " ")) for n in range(1, units))),
    "far cells": lambda units: workbook("".join(_row(n, _inline(f"XFD{n}", "x")) for n in range(1, units))),
    "a far row": lambda units: workbook(_row(1, _inline("A1", "x")) + _row(900_000 + units % 9, _inline("A9", "x"))),
    "gaps": lambda units: workbook("".join(_row(n * 90, _inline("A1", "x")) for n in range(1, min(units, 10_000)))),
    "empty rows": lambda units: workbook("<row/>" * units),
    "empty cells": lambda units: workbook(_row(1, '<c r="B1"/>' * units)),
    "one text, many cells": lambda units: workbook(
        "".join(_row(n, '<c t="s"><v>0</v></c>' * 100) for n in range(1, units)),
        strings=f"<si><t>{'x' * 32_000}</t></si>",
    ),
    "many shared texts": lambda units: workbook(_row(1, '<c t="s"><v>0</v></c>'), strings="<si><t>a</t></si>" * units),
    "pieces of one text": lambda units: workbook("", strings="<si>" + "<r><t>a</t></r>" * units + "</si>"),
    "merged ranges": lambda units: workbook(
        _row(1, _inline("A1", "x")), tail="<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * units + "</mergeCells>"
    ),
    "columns": lambda units: workbook(
        _row(1, _inline("A1", "x")), head="<cols>" + '<col min="1" max="16384" width="9"/>' * units + "</cols>"
    ),
    "styles": lambda units: workbook(
        _row(1, '<c s="1"><v>1</v></c>'), styles="<cellXfs>" + '<xf numFmtId="9"/>' * units + "</cellXfs>"
    ),
    "a long number format": lambda units: workbook(
        _row(1, '<c s="0"><v>1</v></c>'),
        styles=f'<numFmts><numFmt numFmtId="200" formatCode="{"[" * units}%"/></numFmts>'
        '<cellXfs><xf numFmtId="200"/></cellXfs>',
    ),
    "sheets": lambda units: workbook(_row(1, _inline("A1", "x")), sheets=min(units, 2_000)),
    "a long number": lambda units: workbook(_row(1, f"<c><v>{'9' * min(units, 32_000)}</v></c>")),
}
"""Workbooks of so many units."""

PARQUET: Mapping[str, Callable[[int], bytes]] = {
    "one long text": lambda units: _parquet({"company_name": _repeated("x" * 1_000_000, units)}),
    "one text, many rows": lambda units: _parquet({"company_name": _repeated("x" * 30_000, units)}),
    "many columns of one text": lambda units: _parquet(
        {f"c{n}": _repeated("x" * 100, units) for n in range(50)}, row_group_size=units
    ),
    "a large dictionary": lambda units: _parquet(
        {"company_name": [f"company {n}" for n in range(units)]}, dictionary_pagesize_limit=2**28, row_group_size=units
    ),
    "nothing but nulls": lambda units: _parquet({"company_name": pa.nulls(units, pa.string())}),
    "many row groups": lambda units: _parquet({"company_name": ["x"] * min(units, 5_000)}, row_group_size=1),
    "long lists": lambda units: _parquet({"company_name": [["x"] * units]}),
}
"""Parquet files of so many units."""

KINDS: Mapping[str, Mapping[str, Callable[[int], bytes]]] = {"csv": CSV, "xlsx": XLSX, "parquet": PARQUET}


def read(content: bytes) -> str:
    """Read a file to its end: how many rows it has, or with which code it is refused."""
    try:
        with open_table(io.BytesIO(content)) as table:
            return f"{sum(len(block.rows) for block in table.blocks())} rows"
    except TabularError as error:
        return error.code.value


def _timed(content: bytes) -> tuple[float, str]:
    began = time.process_time()
    answer = read(content)
    return time.process_time() - began, answer


def lines(units: int, doublings: int) -> Iterator[str]:
    """A line for each kind: its size and seconds at each doubling, and the last ratio."""
    for form, kinds in KINDS.items():
        for name, make in kinds.items():
            measured = [(len(content), *_timed(content)) for n in range(doublings) for content in (make(units << n),)]
            seconds = [second for _, second, _ in measured]
            # What takes no time has no ratio that means anything.
            ratio = seconds[-1] / seconds[-2] if seconds[-2] > 0.05 else 1.0
            verdict = "linear" if ratio < 3 and seconds[-1] < MOST_SECONDS else "TOO COSTLY"
            shown = "  ".join(f"{second:7.3f}" for second in seconds)
            yield f"{form:8} {name:26} {measured[-1][0]:>11,} B {shown} s  x{ratio:4.1f} {verdict:10} {measured[-1][2]}"


def main() -> int:
    """Print the table; 1 if a kind is not read in linear time."""
    failed = False
    for line in lines(units=25_000, doublings=4):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        failed = failed or "TOO COSTLY" in line
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
