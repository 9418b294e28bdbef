"""Which columns a kind of upload has, and which heading of a file means which column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from accunode_common.tabular import TabularError, TabularErrorCode
from accunode_scoring import RATIOS, Kind, Ratio
from accunode_scoring.headings import Known, heading_keys, known_headings, meaning
from accunode_scoring.ratios import input_names

COMPANY_NAME = "company_name"
FISCAL_YEAR = "fiscal_year"
FISCAL_QUARTER = "fiscal_quarter"

IDENTITY_ALIASES: Mapping[str, tuple[str, ...]] = {
    COMPANY_NAME: (
        *("Company name", "Company", "Obligor", "Obligor name", "Issuer", "Issuer name", "Borrower", "Borrower name"),
        *("Counterparty", "Counterparty name", "Debtor", "Legal name", "Legal entity", "Entity name", "Entity"),
        *("Firm", "Firm name", "Customer", "Customer name", "Client", "Client name", "Business name", "Name"),
        *(
            "Unternehmen",
            "Unternehmensname",
            "Firma",
            "Firmenname",
            "Gesellschaft",
            "Kreditnehmer",
            "Schuldner",
            "Kunde",
        ),
        *("Société", "Entreprise", "Emprunteur", "Raison sociale", "Nom", "Empresa", "Sociedad", "Deudor", "Nombre"),
        *("Azienda", "Società", "Debitore", "Nazwa firmy", "Spółka"),
    ),
    "symbol": ("Symbol", "Ticker", "Ticker symbol", "Stock symbol", "Stock ticker", "Bloomberg ticker", "Börsenkürzel"),
    "sector": (
        *("Sector", "Industry", "Industry sector", "Industry group", "GICS sector", "GICS industry", "SIC description"),
        *("Branche", "Sektor", "Wirtschaftszweig", "Secteur", "Industrie", "Settore"),
    ),
    "external_id": (
        *(
            "External id",
            "LEI",
            "CIK",
            "Company id",
            "Obligor id",
            "Issuer id",
            "Borrower id",
            "Customer id",
            "Entity id",
        ),
        *("ISIN", "Identifier", "Kundennummer", "Id"),
    ),
    "market_cap": (
        *("Market cap", "Market capitalisation", "Market capitalization", "Mkt cap", "Equity market value"),
        *("Marktkapitalisierung", "Capitalisation boursière", "Capitalización"),
    ),
    "currency": ("Currency", "Currency code", "Ccy", "Währung", "Devise", "Moneda", "Divisa"),
    FISCAL_YEAR: (
        *("Fiscal year", "FY", "Year", "Yr", "Financial year", "Reporting year", "Report year", "Accounting year"),
        *(
            "Period",
            "Fiscal period",
            "Reporting period",
            "Geschäftsjahr",
            "Geschaeftsjahr",
            "Berichtsjahr",
            "Jahr",
            "GJ",
        ),
        *("Exercice", "Année", "Ejercicio", "Año", "Esercizio", "Anno", "Rok"),
    ),
    FISCAL_QUARTER: (
        *("Fiscal quarter", "Quarter", "Qtr", "Reporting quarter", "Report quarter", "FQ", "Q", "Quartal", "Trimestre"),
        "Berichtsquartal",
    ),
}
"""Headings of the columns that say who and when, the likelier first."""

_SHOWN_HEADING = 100
_LIKENESS = 0.87
"""From which likeness on a heading may be a misspelt name: `Retrun on asets` has 0.89, `EBITDA` at most 0.86."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where each canonical column stands in the file.

    Attributes:
        positions: Canonical column name to position, from 0.
        headings: Canonical column name to the heading as the file has it.
        ignored: Headings of the columns that are not used.
    """

    positions: Mapping[str, int]
    headings: Mapping[str, str]
    ignored: tuple[str, ...]


def headings_of(kind: Kind) -> Known:
    """The known headings of an upload of a kind: those of its inputs, and of the columns that say who and when."""
    identity = {
        column: (column, *aliases)
        for column, aliases in IDENTITY_ALIASES.items()
        if column != FISCAL_QUARTER or kind is Kind.QUARTERLY
    }
    return known_headings({**input_names(kind), **identity})


def required_inputs(kind: Kind) -> tuple[Ratio, ...]:
    """The input columns that a file must have, even where its cells are blank."""
    inputs = RATIOS[kind]
    return tuple(ratio for ratio in inputs if ratio.required) or inputs


def recognise(headings: Sequence[str], known: Known) -> dict[int, tuple[str, int]]:
    """The canonical column and rank of each position whose heading is known."""
    found: dict[int, tuple[str, int]] = {}
    for position, heading in enumerate(headings):
        match = meaning(heading, known)
        if match is not None:
            found[position] = match
    return found


def map_columns(headings: Sequence[str], recognised: Mapping[int, tuple[str, int]], kind: Kind) -> ColumnMap:
    """Settle which position holds which column.

    Of two headings for a company's identity the surer one is used; two for the same ratio are refused.

    Raises:
        TabularError: A ratio, or with equal certainty another column, stands in the file twice.
    """
    inputs = {ratio.name for ratio in RATIOS[kind]}
    best: dict[str, tuple[int, int]] = {}
    for position, (column, rank) in recognised.items():
        rival = best.get(column)
        if rival is None or rank < rival[1]:
            best[column] = (position, rank)
        if rival is not None and (column in inputs or rank == rival[1]):
            raise TabularError(
                TabularErrorCode.AMBIGUOUS_COLUMNS,
                f"Columns {letter(rival[0])} ({headings[rival[0]]!r}) and {letter(position)} ({headings[position]!r}) "
                f"both hold {column}; keep one of them.",
            )
    positions = {column: position for column, (position, _) in best.items()}
    used = set(positions.values())
    return ColumnMap(
        positions=positions,
        headings={column: headings[position] for column, position in positions.items()},
        ignored=tuple(
            heading[:_SHOWN_HEADING] or f"(column {letter(position)})"
            for position, heading in enumerate(headings)
            if position not in used
        ),
    )


def missing_columns(columns: ColumnMap, headings: Sequence[str], missing: Sequence[str], kind: Kind) -> TabularError:
    """The refusal of a file without `missing`, naming for each the unused heading that may be meant, if one may be."""
    free = [
        (position, heading)
        for position, heading in enumerate(headings)
        if heading and position not in columns.positions.values()
    ]
    meant = _meant(missing, kind, free)
    labels = {ratio.name: ratio.label for ratio in RATIOS[kind]}
    sentences = []
    for column in missing:
        name = f"{labels[column]} ({column})" if column in labels else column
        if column in meant:
            position = meant[column]
            sentences.append(
                f"The column {name} is missing; the nearest heading is {headings[position]!r} in column "
                f"{letter(position)}: rename that to {column} if it is meant."
            )
        else:
            remedy = "add it" if column not in labels else "add it, with blank cells if there are no values"
            sentences.append(f"The column {name} is missing: {remedy}.")
    return TabularError(TabularErrorCode.MISSING_COLUMNS, " ".join(sentences))


def letter(position: int) -> str:
    """A column's letters as spreadsheets show them: 0 is A, 26 is AA."""
    name = ""
    number = position + 1
    while number:
        number, remainder = divmod(number - 1, 26)
        name = chr(ord("A") + remainder) + name
    return name


def _meant(missing: Sequence[str], kind: Kind, free: Sequence[tuple[int, str]]) -> dict[str, int]:
    """The position of the heading that each missing column may be misspelt as: the likest pairs first, each once."""
    names: dict[str, list[str]] = {column: [] for column in missing}
    for key, (column, _) in headings_of(kind).items():
        if column in names:
            names[column].append(key)
    pairs = [
        (max(_likeness(key, name) for name in names[column]), column, position)
        for position, heading in free
        for key in heading_keys(heading)[-1:]
        for column in missing
    ]
    meant: dict[str, int] = {}
    for likeness, column, position in sorted(pairs, key=lambda pair: -pair[0]):
        if likeness >= _LIKENESS and column not in meant and position not in meant.values():
            meant[column] = position
    return meant


def _likeness(key: str, name: str) -> float:
    """From 0 to 1; 0 at once where the lengths alone rule a misspelling out."""
    matcher = SequenceMatcher(None, key, name)
    return matcher.ratio() if matcher.real_quick_ratio() >= _LIKENESS else 0.0
