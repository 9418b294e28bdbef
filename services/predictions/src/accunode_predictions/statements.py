"""The amounts of a financial statement as fields, in million US dollars, and the ratios that follow from them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from accunode_common.schemas import ResponseModel
from accunode_predictions.schema_fields import (
    AnnualRatioValues,
    InputValues,
    QuarterlyRatioValues,
    check_number,
    input_field,
    output_field,
)
from accunode_scoring import Kind
from accunode_scoring.checks import AMOUNT_SENTINEL
from accunode_scoring.statement import derive_ratios


def _check_amount(value: Any) -> Any:
    return check_number(value, AMOUNT_SENTINEL)


def _check_assets(value: Any) -> Any:
    checked = _check_amount(value)
    if checked is None or checked <= 0:
        raise PydanticCustomError("required", "Total assets must be given, and above zero.")
    return checked


def _check_given(value: Any) -> Any:
    checked = _check_amount(value)
    if checked is None:
        raise PydanticCustomError("required", "This amount must be given.")
    return checked


AmountValue = Annotated[float | None, BeforeValidator(_check_amount)]
GivenAmount = Annotated[float, BeforeValidator(_check_given)]
Assets = Annotated[float, BeforeValidator(_check_assets)]


class StatementAmounts(InputValues):
    """The amounts of one fiscal year."""

    total_assets_musd: Assets = input_field(Kind.STATEMENT, "total_assets_musd", required=True)
    total_liabilities_musd: GivenAmount = input_field(Kind.STATEMENT, "total_liabilities_musd", required=True)
    long_term_debt_musd: GivenAmount = input_field(Kind.STATEMENT, "long_term_debt_musd", required=True)
    current_assets_musd: AmountValue = input_field(Kind.STATEMENT, "current_assets_musd")
    current_liabilities_musd: AmountValue = input_field(Kind.STATEMENT, "current_liabilities_musd")
    net_sales_musd: GivenAmount = input_field(Kind.STATEMENT, "net_sales_musd", required=True)
    cogs_musd: AmountValue = input_field(Kind.STATEMENT, "cogs_musd")
    operating_expenses_musd: GivenAmount = input_field(Kind.STATEMENT, "operating_expenses_musd", required=True)
    depreciation_musd: AmountValue = input_field(Kind.STATEMENT, "depreciation_musd")
    net_income_musd: GivenAmount = input_field(Kind.STATEMENT, "net_income_musd", required=True)
    inventory_musd: AmountValue = input_field(Kind.STATEMENT, "inventory_musd")
    receivables_musd: AmountValue = input_field(Kind.STATEMENT, "receivables_musd")
    retained_earnings_musd: AmountValue = input_field(Kind.STATEMENT, "retained_earnings_musd")
    market_value_musd: AmountValue = input_field(Kind.STATEMENT, "market_value_musd")


class StatementAmountValues(ResponseModel):
    """The amounts as given."""

    total_assets_musd: float | None = output_field(Kind.STATEMENT, "total_assets_musd")
    total_liabilities_musd: float | None = output_field(Kind.STATEMENT, "total_liabilities_musd")
    long_term_debt_musd: float | None = output_field(Kind.STATEMENT, "long_term_debt_musd")
    current_assets_musd: float | None = output_field(Kind.STATEMENT, "current_assets_musd")
    current_liabilities_musd: float | None = output_field(Kind.STATEMENT, "current_liabilities_musd")
    net_sales_musd: float | None = output_field(Kind.STATEMENT, "net_sales_musd")
    cogs_musd: float | None = output_field(Kind.STATEMENT, "cogs_musd")
    operating_expenses_musd: float | None = output_field(Kind.STATEMENT, "operating_expenses_musd")
    depreciation_musd: float | None = output_field(Kind.STATEMENT, "depreciation_musd")
    net_income_musd: float | None = output_field(Kind.STATEMENT, "net_income_musd")
    inventory_musd: float | None = output_field(Kind.STATEMENT, "inventory_musd")
    receivables_musd: float | None = output_field(Kind.STATEMENT, "receivables_musd")
    retained_earnings_musd: float | None = output_field(Kind.STATEMENT, "retained_earnings_musd")
    market_value_musd: float | None = output_field(Kind.STATEMENT, "market_value_musd")


class DerivedRatios(ResponseModel):
    """The ratios of the other kinds that follow from a statement, null where its amounts do not give them."""

    annual: AnnualRatioValues
    quarterly: QuarterlyRatioValues = Field(description="Over the fiscal year, whose four quarters they span.")
    derived: list[str] = Field(description="The ratios that could be derived.")


def ratios_from(amounts: Mapping[str, float | None]) -> DerivedRatios:
    """The ratios of the annual and the quarterly kind that follow from these amounts."""
    found = derive_ratios(amounts)
    annual = AnnualRatioValues(**{name: found[name] for name in AnnualRatioValues.model_fields})
    quarterly = QuarterlyRatioValues(**{name: found[name] for name in QuarterlyRatioValues.model_fields})
    given = {**annual.model_dump(), **quarterly.model_dump()}
    derived = [name for name, value in given.items() if value is not None]
    return DerivedRatios(annual=annual, quarterly=quarterly, derived=derived)
