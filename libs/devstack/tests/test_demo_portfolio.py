"""The demo portfolio: the same everywhere, fictitious, and like real accounts."""

import hashlib
import math
from statistics import median

import pytest

from accunode_devstack.demo.generator import (
    COMPANIES,
    FIRST_YEAR,
    LAST_YEAR,
    AnnualRow,
    Portfolio,
    QuarterlyRow,
    draw_portfolio,
    to_csv,
)

ANNUAL_RATIOS = (
    "long_term_debt_to_total_capital",
    "total_debt_to_ebitda",
    "net_income_margin",
    "ebit_to_interest_expense",
    "return_on_assets",
)


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    return draw_portfolio()


def of_profile(portfolio: Portfolio, profile: str, ratio: str) -> list[float]:
    part = portfolio.of(company for company in portfolio.companies if company.profile == profile)
    return [value for row in part.annual if (value := getattr(row, ratio)) is not None]


def test_the_same_seed_gives_the_same_files_everywhere(portfolio: Portfolio) -> None:
    files = to_csv(portfolio.annual, AnnualRow) + to_csv(portfolio.quarterly, QuarterlyRow)
    assert hashlib.sha256(files).hexdigest() == "47c794aef3df85b344e10c5957962ff1a629597c1fb88d51a7f43f98a414ab86"
    assert draw_portfolio(COMPANIES, seed=2) != portfolio


def test_every_company_says_that_it_is_fictitious_and_has_a_private_symbol(portfolio: Portfolio) -> None:
    assert all(company.name.endswith("(fictitious)") for company in portfolio.companies)
    assert all(company.symbol.startswith("ZZ") for company in portfolio.companies)
    assert len({company.name for company in portfolio.companies}) == COMPANIES
    assert len({company.symbol for company in portfolio.companies}) == COMPANIES


def test_every_company_has_a_row_for_each_year_and_eight_quarters(portfolio: Portfolio) -> None:
    years = LAST_YEAR - FIRST_YEAR + 1
    assert len(portfolio.annual) == COMPANIES * years
    assert len(portfolio.quarterly) == COMPANIES * 8
    assert len({(row.company_name, row.fiscal_year) for row in portfolio.annual}) == COMPANIES * years


def test_ratios_lie_where_real_ones_do(portfolio: Portfolio) -> None:
    """Between the medians and the 1st and 99th percentiles of listed companies, and never infinite."""
    bounds = {
        "long_term_debt_to_total_capital": (5, 45),
        "total_debt_to_ebitda": (0.1, 4),
        "net_income_margin": (0, 10),
        "ebit_to_interest_expense": (1, 12),
        "return_on_assets": (1, 8),
    }
    for ratio, (low, high) in bounds.items():
        values = [value for row in portfolio.annual if (value := getattr(row, ratio)) is not None]
        assert low <= median(values) <= high, ratio
        assert all(math.isfinite(value) for value in values)


def test_profiles_differ_as_their_names_say(portfolio: Portfolio) -> None:
    leverage = {name: median(of_profile(portfolio, name, "total_debt_to_ebitda")) for name in ("healthy", "leveraged")}
    assert leverage["leveraged"] > 2 * leverage["healthy"]
    assert median(of_profile(portfolio, "distressed", "return_on_assets")) < 0
    assert not of_profile(portfolio, "debt_free", "ebit_to_interest_expense")
    assert any(value < 0 for value in of_profile(portfolio, "young", "total_debt_to_ebitda"))


def test_some_values_are_missing_and_no_row_is_empty(portfolio: Portfolio) -> None:
    for ratio in ("long_term_debt_to_total_capital", "total_debt_to_ebitda", "net_income_margin"):
        missing = sum(getattr(row, ratio) is None for row in portfolio.annual) / len(portfolio.annual)
        assert 0.005 < missing < 0.3, ratio
    assert all(any(getattr(row, ratio) is not None for ratio in ANNUAL_RATIOS) for row in portfolio.annual)
    assert all(row.sga_margin is not None for row in portfolio.quarterly)


def test_a_portfolio_larger_than_the_names_is_refused() -> None:
    with pytest.raises(ValueError, match="names for 640 companies"):
        draw_portfolio(641)
