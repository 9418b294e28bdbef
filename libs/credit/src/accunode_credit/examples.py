"""What documents and templates show of the inputs: their units in words, and the values of one company."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from accunode_credit.columns import INPUTS
from accunode_scoring import Kind


class Unit(NamedTuple):
    """A unit as a short sign and as a sentence."""

    sign: str
    sentence: str


UNITS: Mapping[str, Unit] = {
    "percent": Unit("% (12.5 means 12.5 %)", "A percent number: 12.5 means 12.5 %."),
    "multiple": Unit("x", "A plain multiple: 3.2 means 3.2x."),
    "amount": Unit("million USD", "In million US dollars."),
    "days": Unit("days", "In days."),
}

VALUES: Mapping[str, float] = {
    "long_term_debt_to_total_capital": 42.5,
    "total_debt_to_ebitda": 3.2,
    "net_income_margin": 4.1,
    "ebit_to_interest_expense": 4.8,
    "return_on_assets": 3.7,
    "sga_margin": 21.0,
    "return_on_capital": 9.4,
    "total_assets_musd": 850.0,
    "total_liabilities_musd": 510.0,
    "long_term_debt_musd": 240.0,
    "current_assets_musd": 320.0,
    "current_liabilities_musd": 190.0,
    "net_sales_musd": 940.0,
    "cogs_musd": 610.0,
    "operating_expenses_musd": 820.0,
    "depreciation_musd": 45.0,
    "net_income_musd": 38.0,
    "inventory_musd": 95.0,
    "receivables_musd": 130.0,
    "retained_earnings_musd": 160.0,
}
"""A value of each input that is usually given, all of one company."""

REASON = "Return on assets of 3.7 % is higher than that of 60 % of companies, which lowers the probability of default."


def example_of(kind: Kind) -> dict[str, Any]:
    """What a kind is scored from, by column name."""
    return {name: VALUES[name] for name in INPUTS[kind] if name in VALUES}
