"""The amounts of a financial statement that the statement kind takes, in million US dollars."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """One line of a statement."""

    name: str
    label: str
    definition: str
    aliases: tuple[str, ...] = ()
    required: bool = False


AMOUNTS: tuple[Amount, ...] = (
    Amount("total_assets_musd", "Total assets", "Total assets.", ("Assets", "Bilanzsumme"), required=True),
    Amount("total_liabilities_musd", "Total liabilities", "All liabilities.", ("Liabilities",), required=True),
    Amount(
        "long_term_debt_musd", "Long-term debt", "Interest-bearing debt due after one year.", ("LTD", "LT debt"), True
    ),
    Amount("current_assets_musd", "Current assets", "Assets realised within one year.", ("CA",)),
    Amount("current_liabilities_musd", "Current liabilities", "Liabilities due within one year.", ("CL",)),
    Amount("net_sales_musd", "Net sales", "Revenue net of returns.", ("Sales", "Revenue", "Umsatz"), required=True),
    Amount("cogs_musd", "Cost of goods sold", "Cost of goods sold, before depreciation.", ("COGS", "Cost of sales")),
    Amount(
        "operating_expenses_musd",
        "Operating expenses",
        "Cost of goods sold and selling, general and administrative costs, before depreciation.",
        ("Opex", "Total operating expenses"),
        required=True,
    ),
    Amount(
        "depreciation_musd", "Depreciation", "Depreciation and amortisation.", ("D&A", "Depreciation and amortization")
    ),
    Amount("net_income_musd", "Net income", "Profit after tax.", ("Net profit", "Net earnings"), required=True),
    Amount("inventory_musd", "Inventory", "Inventories.", ("Inventories",)),
    Amount("receivables_musd", "Receivables", "Trade receivables.", ("Accounts receivable", "Trade receivables")),
    Amount("retained_earnings_musd", "Retained earnings", "Accumulated profits.", ("Accumulated earnings",)),
    Amount(
        "market_value_musd", "Market value", "Market capitalisation; optional.", ("Market cap", "Market capitalisation")
    ),
)

NON_NEGATIVE: tuple[str, ...] = (
    "total_liabilities_musd",
    "long_term_debt_musd",
    "current_assets_musd",
    "current_liabilities_musd",
    "cogs_musd",
    "operating_expenses_musd",
    "depreciation_musd",
    "inventory_musd",
    "receivables_musd",
)
"""Amounts that some write as negatives, as costs or as credits; they are read by their magnitude."""
