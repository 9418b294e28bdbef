"""The statement kind: its ratios, from the amounts of a fiscal year."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from accunode_scoring.amounts import AMOUNTS, NON_NEGATIVE
from accunode_scoring.checks import AMOUNT_SENTINEL
from accunode_scoring.features import LIMIT, Feature, FeatureSet, Vector, divide
from accunode_scoring.kinds import Kind
from accunode_scoring.ratios import Ratio, Unit
from accunode_scoring.statement_lines import ARRAYS, FLOATS, Arithmetic, Lines, lines

TAX_RATE = 0.35
"""The rate at which a positive net income implies the profit before tax, as in the training data until 2017."""


@dataclass(frozen=True, slots=True)
class StatementRatio:
    """A ratio with its formula; risk falls (-1), rises (1) or does neither for certain (0) as it grows."""

    ratio: Ratio
    monotone: int
    formula: Callable[[Lines, Arithmetic], Any]


def _quotient(unit: Unit, factor: float) -> Callable[..., StatementRatio]:
    def build(
        name: str,
        label: str,
        monotone: int,
        definition: str,
        numerator: Callable[[Lines], Any],
        denominator: Callable[[Lines], Any],
    ) -> StatementRatio:
        return StatementRatio(
            Ratio(name, label, unit, definition),
            monotone,
            lambda n, do: do.divide(factor * numerator(n), denominator(n)),
        )

    return build


_percent, _multiple, _days = _quotient("percent", 100.0), _quotient("multiple", 1.0), _quotient("days", 365.0)


def _amount(name: str, label: str, formula: Callable[[Lines], Any], monotone: int = 0) -> StatementRatio:
    return StatementRatio(Ratio(name, label, "amount", f"{label}, million."), monotone, lambda n, _: formula(n))


_STATIC = (
    _percent(
        "debt_and_current_liabilities_to_assets",
        "Debt and current liabilities / assets",
        1,
        "(long-term debt + current liabilities) / total assets",
        lambda n: n.debt + n.current_liabilities,
        lambda n: n.assets,
    ),
    _percent(
        "liabilities_to_assets",
        "Liabilities / assets",
        1,
        "total liabilities / total assets",
        lambda n: n.liabilities,
        lambda n: n.assets,
    ),
    _multiple(
        "quick_ratio",
        "Quick ratio",
        -1,
        "(current assets - inventory) / current liabilities",
        lambda n: n.current_assets - n.inventory,
        lambda n: n.current_liabilities,
    ),
    _percent(
        "quick_surplus_to_assets",
        "Quick assets less current liabilities / assets",
        -1,
        "(current assets - inventory - current liabilities) / total assets",
        lambda n: n.current_assets - n.inventory - n.current_liabilities,
        lambda n: n.assets,
    ),
    _multiple(
        "current_ratio",
        "Current ratio",
        0,
        "current assets / current liabilities",
        lambda n: n.current_assets,
        lambda n: n.current_liabilities,
    ),
    _amount("total_assets", "Total assets", lambda n: n.assets),
    _amount("net_sales", "Net sales", lambda n: n.sales),
    _amount("equity", "Book equity", lambda n: n.equity),
    _multiple(
        "capital_to_debt",
        "Capital / long-term debt",
        0,
        "(long-term debt + equity) / long-term debt",
        lambda n: n.debt + n.equity,
        lambda n: n.debt,
    ),
    _percent(
        "net_income_margin", "Net income margin", 0, "net income / net sales", lambda n: n.income, lambda n: n.sales
    ),
    StatementRatio(
        Ratio(
            "cash_to_ebitda_loss",
            "Cash / EBITDA loss",
            "multiple",
            "cash / -EBITDA when EBITDA is negative: years that cash lasts",
        ),
        0,
        lambda n, do: do.choose(n.ebitda < 0.0, do.divide(n.cash, -n.ebitda), n.ebitda * nan),
    ),
    _percent(
        "return_on_assets", "Return on assets", -1, "net income / total assets", lambda n: n.income, lambda n: n.assets
    ),
    _percent(
        "operating_expenses_to_assets",
        "Operating expenses / assets",
        0,
        "operating expenses / total assets",
        lambda n: n.costs,
        lambda n: n.assets,
    ),
    _percent("ebit_margin", "EBIT margin", 0, "EBIT / net sales", lambda n: n.ebit, lambda n: n.sales),
    _percent(
        "ebitda_to_liabilities",
        "EBITDA / liabilities",
        -1,
        "EBITDA / total liabilities",
        lambda n: n.ebitda,
        lambda n: n.liabilities,
    ),
    _percent(
        "cash_flow_to_liabilities",
        "Cash flow / liabilities",
        -1,
        "(net income + depreciation) / total liabilities",
        lambda n: n.income + n.depreciation,
        lambda n: n.liabilities,
    ),
    _days(
        "inventory_days",
        "Inventory days",
        0,
        "365 x inventory / cost of goods sold",
        lambda n: n.inventory,
        lambda n: n.goods,
    ),
    _percent(
        "ebitda_to_current_liabilities",
        "EBITDA / current liabilities",
        -1,
        "EBITDA / current liabilities",
        lambda n: n.ebitda,
        lambda n: n.current_liabilities,
    ),
    _percent(
        "other_liabilities_to_assets",
        "Other liabilities / assets",
        0,
        "(total liabilities - long-term debt - current liabilities) / total assets",
        lambda n: n.liabilities - n.debt - n.current_liabilities,
        lambda n: n.assets,
    ),
    _percent(
        "receivables_to_assets",
        "Receivables / assets",
        0,
        "receivables / total assets",
        lambda n: n.receivables,
        lambda n: n.assets,
    ),
    _percent(
        "charges_to_assets",
        "Charges below EBIT / assets",
        0,
        "(EBIT - net income) / total assets",
        lambda n: n.charges,
        lambda n: n.assets,
    ),
    _percent(
        "retained_earnings_to_liabilities",
        "Retained earnings / liabilities",
        -1,
        "retained earnings / total liabilities",
        lambda n: n.retained,
        lambda n: n.liabilities,
    ),
    _percent(
        "inventory_to_assets",
        "Inventory / assets",
        0,
        "inventory / total assets",
        lambda n: n.inventory,
        lambda n: n.assets,
    ),
    _multiple("asset_turnover", "Sales / assets", 0, "net sales / total assets", lambda n: n.sales, lambda n: n.assets),
    _percent(
        "working_capital_to_assets",
        "Working capital / assets",
        -1,
        "(current assets - current liabilities) / total assets",
        lambda n: n.current_assets - n.current_liabilities,
        lambda n: n.assets,
    ),
    _multiple(
        "ebitda_to_debt", "EBITDA / long-term debt", 0, "EBITDA / long-term debt", lambda n: n.ebitda, lambda n: n.debt
    ),
    _percent(
        "gross_profit_to_assets",
        "Gross profit / assets",
        0,
        "(net sales - cost of goods sold) / total assets",
        lambda n: n.sales - n.goods,
        lambda n: n.assets,
    ),
)

_MARKET = (
    _percent(
        "market_value_to_liabilities",
        "Market value / liabilities",
        -1,
        "market value / total liabilities",
        lambda n: n.market,
        lambda n: n.liabilities,
    ),
    _percent(
        "market_value_to_assets",
        "Market value / assets",
        -1,
        "market value / total assets",
        lambda n: n.market,
        lambda n: n.assets,
    ),
    _percent(
        "market_value_to_sales",
        "Market value / sales",
        -1,
        "market value / net sales",
        lambda n: n.market,
        lambda n: n.sales,
    ),
    _amount("market_value", "Market value", lambda n: n.market, -1),
    _percent(
        "market_to_book",
        "Market value / book equity",
        0,
        "market value / (total assets - total liabilities)",
        lambda n: n.market,
        lambda n: n.equity,
    ),
)


def _feature_set(name: str, ratios: tuple[StatementRatio, ...]) -> FeatureSet:
    formulas = [ratio.formula for ratio in ratios]

    def of_matrix(x: Sequence[Vector]) -> list[Vector]:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            now = lines(x, ARRAYS)
            return [np.asarray(formula(now, ARRAYS)) for formula in formulas]

    def of_row(x: Sequence[float]) -> list[float]:
        now = lines(x, FLOATS)
        return [formula(now, FLOATS) for formula in formulas]

    return FeatureSet(
        name=name,
        kind=Kind.STATEMENT,
        columns=tuple(amount.name for amount in AMOUNTS),
        features=tuple(Feature(r.ratio.name, r.ratio.label, (r.ratio.name,), r.monotone) for r in ratios),
        of_matrix=of_matrix,
        of_row=of_row,
        explained=tuple(r.ratio for r in ratios),
        explains_features=True,
        sentinel=AMOUNT_SENTINEL,
        required=tuple(amount.name for amount in AMOUNTS if amount.required),
        positive=("total_assets_musd",),
        magnitudes=NON_NEGATIVE,
    )


STATEMENT = _feature_set("statement-1", _STATIC)
STATEMENT_MARKET = _feature_set("statement-market-1", _STATIC + _MARKET)

_PRODUCT = (
    _percent(
        "long_term_debt_to_total_capital",
        "Long-term debt / total capital",
        0,
        "",
        lambda n: n.debt,
        lambda n: n.debt + n.equity,
    ),
    _multiple("total_debt_to_ebitda", "Total debt / EBITDA", 0, "", lambda n: n.debt, lambda n: n.ebitda),
    _percent("sga_margin", "SG&A margin", 0, "", lambda n: n.costs - n.goods, lambda n: n.sales),
    _percent("return_on_capital", "Return on capital", 0, "", lambda n: n.ebit, lambda n: n.debt + n.equity),
)


def derive_ratios(amounts: Mapping[str, float | None]) -> dict[str, float | None]:
    """Every ratio that follows from a statement: those of the annual and quarterly kinds and the statement's own.

    Takes amounts in million by column name. Interest is implied: EBIT less the profit before tax that follows from net
    income at `TAX_RATE`. Without long-term debt or with implied interest of zero or less the cover is None, as are
    ratios whose amounts are missing or whose denominator is zero.
    """
    now = lines([nan if (v := amounts.get(c)) is None else float(v) for c in STATEMENT.columns], FLOATS)
    values = {r.ratio.name: r.formula(now, FLOATS) for r in (*_PRODUCT, *_STATIC, *_MARKET)}
    interest = now.ebit - (now.income / (1.0 - TAX_RATE) if now.income > 0.0 else now.income)
    values["ebit_to_interest_expense"] = divide(now.ebit, interest) if now.debt > 0.0 and interest > 0.0 else nan
    return {name: None if value != value or abs(value) >= LIMIT else value for name, value in values.items()}
