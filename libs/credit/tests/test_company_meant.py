"""Which company a request or the row of a file means."""

import pytest

from accunode_common.ids import new_id
from accunode_credit.companies import candidates, the_one_meant
from accunode_credit.models.credit import Company

BY_NAME = Company(name_key="northwind", symbol=None)
BY_SYMBOL = Company(name_key="north wind energy", symbol="NWEC")
BOTH = Company(name_key="northwind", symbol="NWEC")


@pytest.mark.parametrize(
    ("found", "symbol", "meant"),
    [
        ([BY_NAME, BY_SYMBOL], "NWEC", BY_SYMBOL),
        ([BY_SYMBOL, BY_NAME], "NWEC", BY_SYMBOL),
        ([BY_NAME], "NWEC", BY_NAME),
        ([BY_NAME], None, BY_NAME),
        ([BOTH], None, BOTH),
        ([], "NWEC", None),
    ],
)
def test_the_symbol_names_a_company_before_its_name_does(
    found: list[Company], symbol: str | None, meant: Company | None
) -> None:
    assert the_one_meant(found, symbol=symbol, name_key="northwind") is meant


@pytest.mark.parametrize(("symbol", "asks"), [("NWEC", True), (None, False)])
def test_companies_without_a_symbol_are_no_candidates_for_rows_without_one(symbol: str | None, asks: bool) -> None:
    where = str(candidates(new_id(), new_id(), symbol=symbol, name_key="northwind").whereclause)
    assert "name_key = " in where
    assert ("symbol = " in where) is asks
    assert "IS NULL" not in where
