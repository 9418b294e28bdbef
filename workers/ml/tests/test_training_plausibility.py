"""The page of the checks on accounts says what each check says, with a share of filers that makes it worth a look."""

import re
from pathlib import Path

from accunode_scoring.plausibility import CHECKS

PAGE = Path(__file__).parents[3] / "docs" / "guides" / "plausibility.md"
MOST = 1.0
"""Per cent of real filers that a single flag may be raised for."""


def test_the_page_has_each_check_with_its_rate_on_few_real_filers() -> None:
    rows = re.findall(r"^\| `(\S+)` \| (.+)\. \| ([\d.]+) % \|$", PAGE.read_text(), re.MULTILINE)
    said = [(str(check.flag), check.flag.message) for checks in CHECKS.values() for check in checks]
    assert sorted(row[:2] for row in rows) == sorted(said), "run `make plausibility-page`"
    assert all(float(rate) <= MOST for _, _, rate in rows)
