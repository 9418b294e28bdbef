from pathlib import Path

import pytest

from accunode_devstack import bench_scale
from accunode_devstack.bench_http import HEADINGS, RequestCost
from accunode_devstack.bench_scale import Figure
from accunode_devstack.errors import DevstackError
from accunode_devstack.figures import markdown_table, write_section

PAGE = "# Speed\n\n<!-- bench-a -->\nold\n<!-- /bench-a -->\n\n<!-- bench-b -->\nkept\n<!-- /bench-b -->\n"


def test_measured_figures_replace_the_earlier_ones_of_their_own_section(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE)
    write_section(page, "bench-a", "new")
    text = page.read_text()
    assert "old" not in text
    assert "Measured " in text.partition("<!-- bench-a -->")[2].partition("new\n<!-- /bench-a -->")[0]
    assert text.endswith("<!-- bench-b -->\nkept\n<!-- /bench-b -->\n")


@pytest.mark.parametrize("page_text", ["# Speed\n", "<!-- bench-a -->\nno end\n"])
def test_a_page_without_a_place_for_the_figures_is_left_as_it_is(tmp_path: Path, page_text: str) -> None:
    page = tmp_path / "performance.md"
    page.write_text(page_text)
    with pytest.raises(DevstackError, match="<!-- bench-a -->"):
        write_section(page, "bench-a", "new")
    assert page.read_text() == page_text


def test_a_request_is_shown_beside_its_limit_and_without_one_if_none_is_set() -> None:
    limited = RequestCost("profile", "GET /users/me", 600.0, 1200, 1.5, 2.0)
    free = RequestCost("companies", "GET /companies", 3000.0, None, 4.0, None)
    assert markdown_table(HEADINGS, [limited.cells(), free.cells()]).splitlines()[2:] == [
        "| GET /users/me | 600 | 1,200 | 0.50 | 1.50 | 2.0 |",
        "| GET /companies | 3,000 |  |  | 4.00 |  |",
    ]


def test_what_growth_is_reckoned_from_is_shown_with_as_many_digits_as_count() -> None:
    figures = [Figure("uploaded row, WAL", 1999.6, "bytes"), Figure("stored row, in rows of pd_counts", 0.038, "rows")]
    assert markdown_table(bench_scale.HEADINGS, [each.cells() for each in figures]).splitlines()[2:] == [
        "| uploaded row, WAL | 2,000 | bytes |",
        "| stored row, in rows of pd_counts | 0.04 | rows |",
    ]
