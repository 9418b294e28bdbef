"""Why a ratio or an amount moved, in a sentence."""

from collections.abc import Mapping

import numpy as np

from accunode_scoring.accounts.normalised import Accounts

_PARTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "long_term_debt_to_total_capital": (("long-term debt", "long_term_debt"), ("total capital", "capital")),
    "total_debt_to_ebitda": (("total debt", "debt"), ("EBITDA", "ebitda")),
    "net_income_margin": (("net income", "net_income"), ("net sales", "sales")),
    "ebit_to_interest_expense": (("EBIT", "ebit"), ("interest expense", "interest")),
    "return_on_assets": (("net income", "net_income"), ("total assets", "assets")),
    "sga_margin": (("SG&A costs", "sga"), ("net sales", "sales")),
    "return_on_capital": (("EBIT", "ebit"), ("total capital", "capital")),
}

WHY_AMOUNT: Mapping[str, str] = {
    "total_assets_musd": "Total assets are liabilities and equity, and take up what is earned, raised and repaid.",
    "total_liabilities_musd": "Total liabilities hold long-term debt and current liabilities.",
    "long_term_debt_musd": "Long-term debt is repaid in cash.",
    "current_assets_musd": "Current assets hold cash, which takes up what is earned, raised and repaid.",
    "net_sales_musd": "Net sales rise with prices.",
    "cogs_musd": "Cost of goods sold is a part of operating expenses, and is cut with them.",
    "operating_expenses_musd": "Operating expenses include cost of goods sold and are what is cut.",
    "net_income_musd": "Net income takes up sales, costs, depreciation and interest, after tax.",
    "retained_earnings_musd": "Retained earnings take up net income, of which nothing is paid out.",
}


def why_ratio(column: str, before: Accounts, after: Accounts) -> str:
    """Which parts of a ratio moved, per 100 of the total assets before; of one company."""
    moved = []
    for label, name in _PARTS[column]:
        old, new = _float(getattr(before, name)), _float(getattr(after, name))
        if not np.isclose(old, new, rtol=1e-9, atol=1e-12):
            moved.append(f"{label} from {old:,.2f} to {new:,.2f}")
    if not moved:
        return "It follows from the accounts that the other ratios give."
    return f"{_upper(' and '.join(moved))} per 100 of total assets."


def _upper(words: str) -> str:
    return words[0].upper() + words[1:]


def _float(value: object) -> float:
    return float(np.asarray(value).reshape(-1)[0])
