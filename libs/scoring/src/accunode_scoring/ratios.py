"""The inputs of each kind: names, units, definitions and the column headings people write for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from accunode_scoring.amounts import AMOUNTS
from accunode_scoring.headings import known_headings, meaning
from accunode_scoring.kinds import Kind

Unit = Literal["percent", "multiple", "amount", "days"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One input column. `percent` values are percent numbers: 12.5 means 12.5 %."""

    name: str
    label: str
    unit: Unit
    definition: str
    aliases: tuple[str, ...] = ()
    required: bool = False


LONG_TERM_DEBT_TO_TOTAL_CAPITAL = Ratio(
    "long_term_debt_to_total_capital",
    "Long-term debt / total capital",
    "percent",
    "100 x long-term debt / (long-term debt + book equity), at the end of the period.",
    (
        "Long-Term Debt / Total Capital (%)",
        "Long term debt to total capital",
        "Long-term debt to capital",
        "LT debt / total capital",
        "LT debt to total capital",
        "LT debt / capital",
        "LTD / total capital",
        "LTD to capital",
        "LTD/Cap",
        "LTD/TC",
        "LTD to total cap",
        "Long-term debt ratio",
        "Debt / capital",
        "Debt to capital",
        "Langfr. Schulden / Gesamtkapital %",
        "Langfristige Schulden / Gesamtkapital",
        "Langfristige Verbindlichkeiten / Gesamtkapital",
        "Dettes à long terme / capital total",
        "Deuda a largo plazo / capital total",
    ),
)
TOTAL_DEBT_TO_EBITDA = Ratio(
    "total_debt_to_ebitda",
    "Total debt / EBITDA",
    "multiple",
    "Interest-bearing debt / EBITDA. The training data hold long-term debt only, so total debt is that there. "
    "Negative EBITDA gives a negative multiple (or -0 without debt), which is read as a state of its own.",
    (
        "Total Debt / EBITDA (x)",
        "Total debt to EBITDA",
        "Debt / EBITDA (x)",
        "Debt to EBITDA",
        "Gross debt / EBITDA",
        "TD/EBITDA",
        "Lev",
        "Leverage",
        "Leverage (x)",
        "Leverage ratio",
        "Gross leverage",
        "Gesamtschulden / EBITDA",
        "Schulden / EBITDA",
        "Verschuldungsgrad (EBITDA)",
        "Dette totale / EBITDA",
        "Deuda total / EBITDA",
    ),
)
NET_INCOME_MARGIN = Ratio(
    "net_income_margin",
    "Net income margin",
    "percent",
    "100 x net income / net sales.",
    (
        "Net Income Margin (%)",
        "Net margin",
        "Net profit margin",
        "Net income / sales",
        "Net income / revenue",
        "Net income to sales",
        "NI %",
        "NI margin",
        "NIM",
        "Profit margin",
        "Return on sales",
        "ROS",
        "Nettomarge %",
        "Nettoumsatzrendite",
        "Umsatzrendite",
        "Marge nette",
        "Margen neto",
    ),
)
EBIT_TO_INTEREST_EXPENSE = Ratio(
    "ebit_to_interest_expense",
    "EBIT / interest expense",
    "multiple",
    "EBIT / interest expense. Leave blank when there is no interest. Negative EBIT is a state of its own; "
    "the size of a negative cover has no meaning.",
    (
        "EBIT / Interest Expense (x)",
        "EBIT / interest (x)",
        "EBIT to interest expense",
        "EBIT to interest",
        "EBIT interest cover",
        "EBIT coverage",
        "Int Cov",
        "Interest cov",
        "Interest cover",
        "Interest coverage",
        "Interest coverage (x)",
        "Interest coverage ratio",
        "Times interest earned",
        "TIE",
        "ICR",
        "EBIT / Zinsaufwand",
        "EBIT / Zinsen",
        "Zinsdeckung",
        "Zinsdeckungsgrad",
        "Couverture des intérêts",
        "Cobertura de intereses",
    ),
)
RETURN_ON_ASSETS = Ratio(
    "return_on_assets",
    "Return on assets",
    "percent",
    "100 x net income / total assets at the end of the period.",
    (
        "Return on Assets (%)",
        "Return on total assets",
        "ROA",
        "ROA %",
        "ROTA",
        "Net income / assets",
        "Net income / total assets",
        "Gesamtkapitalrendite %",
        "Gesamtkapitalrentabilität",
        "Rentabilité des actifs",
        "Rentabilidad sobre activos",
    ),
)
SGA_MARGIN = Ratio(
    "sga_margin",
    "SG&A margin",
    "percent",
    "100 x (operating expenses - cost of goods sold) / net sales, over the last twelve months; includes R&D.",
    (
        "SG&A Margin (%)",
        "SGA %",
        "SG&A %",
        "SG&A",
        "SG&A / sales",
        "SG&A / revenue",
        "SG&A to sales",
        "SGA to sales",
        "SGA to revenue",
        "SG&A expense ratio",
        "Selling, general and administrative margin",
        "Vertriebs- und Verwaltungskosten / Umsatz",
        "Verwaltungskostenquote",
    ),
)
RETURN_ON_CAPITAL = Ratio(
    "return_on_capital",
    "Return on capital",
    "percent",
    "100 x EBIT / (long-term debt + book equity), before tax, EBIT of the last twelve months.",
    (
        "Return on Capital (%)",
        "ROC",
        "ROC %",
        "ROIC",
        "ROCE",
        "Return on invested capital",
        "Return on capital employed",
        "EBIT / capital",
        "EBIT / total capital",
        "Kapitalrendite",
        "Rendite auf das eingesetzte Kapital",
    ),
)

RATIOS: Mapping[Kind, tuple[Ratio, ...]] = MappingProxyType(
    {
        Kind.ANNUAL: (
            LONG_TERM_DEBT_TO_TOTAL_CAPITAL,
            TOTAL_DEBT_TO_EBITDA,
            NET_INCOME_MARGIN,
            EBIT_TO_INTEREST_EXPENSE,
            RETURN_ON_ASSETS,
        ),
        Kind.QUARTERLY: (TOTAL_DEBT_TO_EBITDA, SGA_MARGIN, LONG_TERM_DEBT_TO_TOTAL_CAPITAL, RETURN_ON_CAPITAL),
        Kind.STATEMENT: tuple(
            Ratio(a.name, a.label, "amount", a.definition, a.aliases, required=a.required) for a in AMOUNTS
        ),
    }
)


def input_names(kind: Kind) -> Mapping[str, tuple[str, ...]]:
    """What people call each input of a kind, the surest name first."""
    return {ratio.name: (ratio.name, ratio.label, *ratio.aliases) for ratio in RATIOS[kind]}


_INPUTS = {kind: {ratio.name: ratio for ratio in RATIOS[kind]} for kind in Kind}
_HEADINGS = {kind: known_headings(input_names(kind)) for kind in Kind}


def match_heading(kind: Kind, heading: str) -> Ratio | None:
    """The ratio a column heading names, or None."""
    found = meaning(heading, _HEADINGS[kind])
    return None if found is None else _INPUTS[kind][found[0]]
