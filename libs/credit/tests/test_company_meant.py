"""Which company a request or the row of a file means."""

import pytest

from accunode_common.ids import new_id
from accunode_credit.companies import CompanyIndex, CompanyReference, candidates
from accunode_credit.models.credit import Company

BY_NAME = Company(name_key="northwind", symbol=None, external_id="7")
BY_SYMBOL = Company(name_key="north wind energy", symbol="NWEC", external_id="7")
BOTH = Company(name_key="northwind", symbol="NWEC", external_id=None)


@pytest.mark.parametrize(
    ("found", "symbol", "meant"),
    [
        ([BY_NAME, BY_SYMBOL], "NWEC", [BY_SYMBOL]),
        ([BY_SYMBOL, BY_NAME], "NWEC", [BY_SYMBOL]),
        ([BY_NAME], "NWEC", [BY_NAME]),
        ([BY_NAME], None, [BY_NAME]),
        ([BOTH], None, [BOTH]),
        ([], "NWEC", []),
    ],
)
def test_the_symbol_names_a_company_before_its_name_does(
    found: list[Company], symbol: str | None, meant: list[Company]
) -> None:
    assert CompanyIndex(found).meant(CompanyReference(symbol=symbol, name_key="northwind")) == meant


def test_an_external_id_can_mean_several_companies() -> None:
    index = CompanyIndex([BY_NAME, BY_SYMBOL, BOTH])
    assert index.meant(CompanyReference(external_id="7")) == [BY_NAME, BY_SYMBOL]
    assert index.meant(CompanyReference(external_id="8")) == []


def test_nothing_is_found_by_what_is_not_given() -> None:
    assert CompanyIndex([BY_NAME, BOTH]).meant(CompanyReference()) == []


@pytest.mark.parametrize(("symbol", "asks"), [("NWEC", True), (None, False)])
def test_companies_without_a_symbol_are_no_candidates_for_rows_without_one(symbol: str | None, asks: bool) -> None:
    reference = CompanyReference(symbol=symbol, name_key="northwind")
    statement, values = candidates(new_id(), new_id(), [reference])
    where = str(statement.whereclause)
    assert "name_key = ANY " in where
    assert ("symbol = ANY " in where) is asks
    assert "external_id" not in where
    assert values.keys() - {"tenant_id", "scope_id"} == {"name_key", *(["symbol"] if asks else [])}
    assert "IS NULL" not in where
