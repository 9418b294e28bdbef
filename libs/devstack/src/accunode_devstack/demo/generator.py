"""Draws the demo portfolio: fictitious companies with annual and quarterly ratios over several years.

The same seed gives the same portfolio on every machine and in every version of Python.
"""

import csv
import io
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from accunode_devstack.demo.accounts import Year, draw_profile, draw_years
from accunode_devstack.demo.names import FIRST, FORMS, SECOND, TRADES

SEED = 20_240_101
COMPANIES = 320
FIRST_YEAR, LAST_YEAR = 2019, 2024
QUARTERS_FROM = 2023
NOT_REPORTED = 0.03
QUARTERS = 4


@dataclass(frozen=True)
class DemoCompany:
    name: str
    symbol: str
    sector: str
    profile: str


@dataclass(frozen=True)
class AnnualRow:
    """A line of an annual upload; a ratio of None was not reported or has no meaning."""

    company_name: str
    symbol: str
    sector: str
    fiscal_year: int
    long_term_debt_to_total_capital: float | None
    total_debt_to_ebitda: float | None
    net_income_margin: float | None
    ebit_to_interest_expense: float | None
    return_on_assets: float | None


@dataclass(frozen=True)
class QuarterlyRow:
    """A line of a quarterly upload: ratios of the twelve months up to the quarter's end."""

    company_name: str
    symbol: str
    sector: str
    fiscal_year: int
    fiscal_quarter: int
    total_debt_to_ebitda: float | None
    sga_margin: float | None
    long_term_debt_to_total_capital: float | None
    return_on_capital: float | None


@dataclass(frozen=True)
class Portfolio:
    companies: tuple[DemoCompany, ...]
    annual: tuple[AnnualRow, ...]
    quarterly: tuple[QuarterlyRow, ...]

    def of(self, companies: Iterable[DemoCompany]) -> "Portfolio":
        """The part of the portfolio that belongs to `companies`."""
        chosen = tuple(companies)
        names = {company.name for company in chosen}
        return Portfolio(
            chosen,
            tuple(row for row in self.annual if row.company_name in names),
            tuple(row for row in self.quarterly if row.company_name in names),
        )


def draw_portfolio(companies: int = COMPANIES, seed: int = SEED) -> Portfolio:
    """The portfolio of `companies` companies drawn from `seed`."""
    rng = random.Random(seed)  # noqa: S311 - a portfolio is no secret
    drawn = _draw_companies(rng, companies)
    annual: list[AnnualRow] = []
    quarterly: list[QuarterlyRow] = []
    for company in drawn:
        quarters = draw_years(
            rng, company.profile, company.sector, QUARTERS * (LAST_YEAR - FIRST_YEAR + 1), per_year=QUARTERS
        )
        for number, accounts in enumerate(quarters):
            year, quarter = FIRST_YEAR + number // QUARTERS, number % QUARTERS + 1
            if quarter == QUARTERS:
                annual.append(_annual(rng, company, year, accounts))
            if year >= QUARTERS_FROM:
                quarterly.append(_quarterly(rng, company, year, quarter, accounts))
    return Portfolio(drawn, tuple(annual), tuple(quarterly))


def to_csv(rows: Iterable[AnnualRow] | Iterable[QuarterlyRow], row_type: type[AnnualRow] | type[QuarterlyRow]) -> bytes:
    """The rows as an upload file; a missing ratio is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(row_type)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in asdict(row).items()} for row in rows)
    return text.getvalue().encode()


def _draw_companies(rng: random.Random, count: int) -> tuple[DemoCompany, ...]:
    if count > len(FIRST) * len(SECOND):
        raise ValueError(f"There are names for {len(FIRST) * len(SECOND)} companies, not for {count}.")
    sectors = tuple(TRADES)
    used: set[str] = set()
    symbols: set[str] = set()
    companies: list[DemoCompany] = []
    while len(companies) < count:
        place = _one(rng, FIRST) + _one(rng, SECOND)
        sector = _one(rng, sectors)
        trade = _one(rng, TRADES[sector])
        name = f"{place} {trade} {_one(rng, FORMS)} (fictitious)"
        if place in used:
            continue
        used.add(place)
        companies.append(DemoCompany(name, _symbol(place, trade, symbols), sector, draw_profile(rng)))
    return tuple(companies)


def _symbol(place: str, trade: str, taken: set[str]) -> str:
    """A ticker that no exchange can have given: country code ZZ is reserved for private use."""
    stem = (place[:3] + trade[0]).upper()
    symbol, number = f"ZZ{stem}", 2
    while symbol in taken:
        symbol, number = f"ZZ{stem}{number}", number + 1
    taken.add(symbol)
    return symbol


def _annual(rng: random.Random, company: DemoCompany, year: int, accounts: Year) -> AnnualRow:
    debt_share = _reported(rng, accounts.long_term_debt_to_total_capital)
    leverage = _reported(rng, _leverage(rng, accounts))
    margin = _reported(rng, accounts.net_income_margin)
    cover = _reported(rng, accounts.ebit_to_interest_expense)
    if (debt_share, leverage, margin, cover).count(None) > 2 or debt_share is leverage is None:
        # Enough for a score: a bank would have asked for these.
        debt_share, margin = _asked_for(accounts.long_term_debt_to_total_capital, accounts.net_income_margin)
    assets = round(accounts.return_on_assets, 3)
    return AnnualRow(company.name, company.symbol, company.sector, year, debt_share, leverage, margin, cover, assets)


def _quarterly(rng: random.Random, company: DemoCompany, year: int, quarter: int, accounts: Year) -> QuarterlyRow:
    leverage = _reported(rng, _leverage(rng, accounts))
    debt_share = _reported(rng, accounts.long_term_debt_to_total_capital)
    returns = _reported(rng, accounts.return_on_capital)
    if (leverage, debt_share, returns).count(None) > 1 or debt_share is leverage is None:
        debt_share, returns = _asked_for(accounts.long_term_debt_to_total_capital, accounts.return_on_capital)
    sga = round(accounts.sga_margin, 3)
    return QuarterlyRow(company.name, company.symbol, company.sector, year, quarter, leverage, sga, debt_share, returns)


def _asked_for(first: float | None, second: float | None) -> tuple[float | None, float | None]:
    return None if first is None else round(first, 3), None if second is None else round(second, 3)


def _leverage(rng: random.Random, accounts: Year) -> float | None:
    """Debt over EBITDA; half of the negative ones are left out, as data vendors print "NM" for them."""
    left_out = rng.random() < 0.5
    return None if accounts.ebitda <= 0 and left_out else accounts.total_debt_to_ebitda


def _reported(rng: random.Random, value: float | None) -> float | None:
    missing = rng.random() < NOT_REPORTED
    return None if value is None or missing else round(value, 3)


def _one(rng: random.Random, choices: tuple[str, ...]) -> str:
    return choices[int(rng.random() * len(choices))]
