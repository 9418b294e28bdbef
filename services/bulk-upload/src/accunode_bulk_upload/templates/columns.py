"""The columns of a template, from the definitions that scoring works with."""

from accunode_common.tabular import TemplateColumn
from accunode_scoring import RATIOS, Kind, Ratio

_UNITS = {"percent": "% (12.5 means 12.5 %)", "multiple": "x", "amount": "million USD"}
_EXAMPLES = {
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


def template_columns(kind: Kind) -> list[TemplateColumn]:
    """Who, when, and the kind's ratios."""
    columns = [
        TemplateColumn("company_name", "text", "The company's name.", "Northwind Energy Corp"),
        TemplateColumn("symbol", "text", "Ticker, if there is one; it finds the company before the name does.", "NWEC"),
        TemplateColumn("sector", "text", "Sector or industry, if known.", "Utilities"),
        TemplateColumn("fiscal_year", "year", "The fiscal year, four digits.", 2024),
    ]
    if kind is Kind.QUARTERLY:
        columns.append(TemplateColumn("fiscal_quarter", "1 to 4", "The fiscal quarter, 1 to 4.", 2))
    return [*columns, *(_column(ratio, kind) for ratio in RATIOS[kind])]


def _column(ratio: Ratio, kind: Kind) -> TemplateColumn:
    period = " Over the trailing twelve months." if kind is Kind.QUARTERLY else ""
    definition = f"{ratio.definition}{period} Leave blank where missing."
    return TemplateColumn(ratio.name, _UNITS[ratio.unit], definition, _EXAMPLES.get(ratio.name))
