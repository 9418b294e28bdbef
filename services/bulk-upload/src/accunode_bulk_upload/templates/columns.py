"""The columns of a template, from the definitions that scoring works with."""

from accunode_common.tabular import TemplateColumn
from accunode_credit.examples import UNITS, VALUES
from accunode_scoring import RATIOS, Kind, Ratio


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
    return TemplateColumn(ratio.name, UNITS[ratio.unit].sign, definition, VALUES.get(ratio.name))
