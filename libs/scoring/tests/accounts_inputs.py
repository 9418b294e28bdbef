"""Companies known by ratios or a statement, for the tests of accounts."""

from hypothesis import strategies as st

from accunode_scoring import RATIOS, Kind
from accunode_scoring.accounts.normalised import Accounts, ratios_of

SIGNED = st.one_of(st.sampled_from([0.0, -0.0, 100.0]), st.floats(-1000, 1000).map(lambda v: round(v, 4)))
RATIO_KINDS = (Kind.ANNUAL, Kind.QUARTERLY)
ANNUAL = {
    "long_term_debt_to_total_capital": 42.5,
    "total_debt_to_ebitda": 3.2,
    "net_income_margin": 4.1,
    "ebit_to_interest_expense": 4.8,
    "return_on_assets": 3.7,
}
LOSS = {
    "long_term_debt_to_total_capital": 95.0,
    "total_debt_to_ebitda": -12.0,
    "net_income_margin": -40.0,
    "ebit_to_interest_expense": -2.5,
    "return_on_assets": -35.0,
}
STATEMENT = {
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


@st.composite
def ratios(draw: st.DrawFn, kind: Kind) -> dict[str, float]:
    """Some ratios of a kind."""
    found = {
        ratio.name: abs(value) if ratio.name == "sga_margin" else value
        for ratio in RATIOS[kind]
        if (value := draw(st.one_of(st.none(), SIGNED))) is not None
    }
    return found or {RATIOS[kind][0].name: 40.0}


def shown(kind: Kind, accounts: Accounts) -> dict[str, float]:
    """The ratios of accounts by column."""
    row = ratios_of(kind, accounts)[0].tolist()
    return dict(zip((ratio.name for ratio in RATIOS[kind]), row, strict=True))
