"""Conditions under which a statement looks wrong, each with its code, column and sentence.

Conditions take the lines of a statement, of floats or of arrays. A part may exceed its whole by what
rounding does to it.
"""

from accunode_scoring.plausible_ratios import Check

ROUNDING = 1.005
LEAST_ASSETS, MOST_AMOUNT, AMOUNT_IN_UNITS = 0.1, 1e5, 1e6
"""In million. All but some 0.5 % of filers have more assets than the first, and all but 0.3 % amounts below the second;
none has one of the third."""
MOST_TURNOVER, MOST_VALUE = 20.0, 1000.0

STATEMENT_CHECKS: tuple[Check, ...] = (
    (
        "current_assets_exceed_total",
        "current_assets_musd",
        "Current assets exceed total assets, of which they are a part",
        lambda n: n.current_assets > ROUNDING * n.assets,
    ),
    (
        "current_liabilities_exceed_total",
        "current_liabilities_musd",
        "Current liabilities exceed total liabilities, of which they are a part",
        lambda n: n.current_liabilities > ROUNDING * n.liabilities,
    ),
    (
        "long_term_debt_exceeds_liabilities",
        "long_term_debt_musd",
        "Long-term debt exceeds total liabilities, of which it is a part",
        lambda n: n.debt > ROUNDING * n.liabilities,
    ),
    (
        "debt_and_current_liabilities_exceed_total",
        "total_liabilities_musd",
        "Long-term debt and current liabilities together exceed total liabilities, of which both are parts",
        lambda n: n.debt + n.current_liabilities > ROUNDING * n.liabilities,
    ),
    (
        "operating_expenses_below_cost_of_goods",
        "operating_expenses_musd",
        "Operating expenses are below cost of goods sold, which they include",
        lambda n: ROUNDING * n.costs < n.goods,
    ),
    (
        "stocks_and_receivables_exceed_current",
        "current_assets_musd",
        "Inventory and receivables together exceed current assets, of which both are parts",
        lambda n: n.inventory + n.receivables > ROUNDING * n.current_assets,
    ),
    (
        "retained_earnings_exceed_assets",
        "retained_earnings_musd",
        "Retained earnings exceed total assets",
        lambda n: n.retained > ROUNDING * n.assets,
    ),
    (
        "profit_without_sales",
        "net_income_musd",
        "Net income is positive though net sales are zero",
        lambda n: (n.sales == 0.0) & (n.income > 0.0),
    ),
    (
        "net_income_exceeds_sales",
        "net_income_musd",
        "Net income exceeds net sales",
        lambda n: (n.sales > 0.0) & (n.income > n.sales),
    ),
    (
        "net_income_exceeds_assets",
        "net_income_musd",
        "A year's net income exceeds total assets",
        lambda n: n.income > n.assets,
    ),
    (
        "negative_sales",
        "net_sales_musd",
        "Net sales are negative",
        lambda n: n.sales < 0.0,
    ),
    (
        "sales_without_costs",
        "operating_expenses_musd",
        "Operating expenses are zero though there are net sales",
        lambda n: (n.sales > 0.0) & (n.costs == 0.0),
    ),
    (
        "depreciation_exceeds_assets",
        "depreciation_musd",
        "A year's depreciation exceeds total assets",
        lambda n: n.depreciation > n.assets,
    ),
    (
        "sales_far_above_assets",
        "net_sales_musd",
        "Net sales exceed 20 times total assets",
        lambda n: n.sales > MOST_TURNOVER * n.assets,
    ),
    (
        "size_below_population",
        "total_assets_musd",
        "Total assets are below 0.1 million, where hardly any company of the population is",
        lambda n: n.assets < LEAST_ASSETS,
    ),
    (
        "amounts_look_like_thousands",
        "total_assets_musd",
        "Total assets or net sales exceed 100,000 million: these may be thousands, and millions are expected",
        lambda n: (
            (n.assets < AMOUNT_IN_UNITS)
            & (n.sales < AMOUNT_IN_UNITS)
            & ((n.assets > MOST_AMOUNT) | (n.sales > MOST_AMOUNT))
        ),
    ),
    (
        "amounts_look_like_units",
        "total_assets_musd",
        "Total assets or net sales reach 1,000,000 million: these may be single units, and millions are expected",
        lambda n: (n.assets >= AMOUNT_IN_UNITS) | (n.sales >= AMOUNT_IN_UNITS),
    ),
    (
        "market_value_far_from_assets",
        "market_value_musd",
        "Market value is above 1,000 times total assets, or below a thousandth: the two may be in different units",
        lambda n: (n.market > MOST_VALUE * n.assets) | ((n.market > 0.0) & (MOST_VALUE * n.market < n.assets)),
    ),
)
