"""What reading an upload gives: accepted rows as columns, rejected and skipped ones one by one, a report."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class RejectCode(StrEnum):
    """Why a row is refused."""

    MISSING_COMPANY = "missing_company"
    BAD_PERIOD = "bad_period"
    UNPARSEABLE_NUMBER = "unparseable_number"
    NO_RATIOS = "no_ratios"
    INSUFFICIENT_INFORMATION = "insufficient_information"
    SENTINEL = "sentinel"
    REQUIRED = "required"
    NOT_FINITE = "not_finite"
    IMPLAUSIBLE = "implausible"
    CONFLICT_DUPLICATE = "conflict_duplicate"
    TOO_MANY_CELLS = "too_many_cells"
    UNREADABLE_TEXT = "unreadable_text"


class SkipCode(StrEnum):
    """Why a row is left out without being wrong."""

    DUPLICATE = "duplicate"
    BLANK = "blank"
    FOOTER = "footer"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a row: the canonical column, if it is in one, and the cell's first 200 characters."""

    code: RejectCode
    column: str | None
    message: str
    value: str | None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A refused row with everything that is wrong with it; the first problem is the reason."""

    line: int
    company: str
    problems: tuple[Problem, ...]

    @property
    def code(self) -> RejectCode:
        """The reason."""
        return self.problems[0].code


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that is left out."""

    line: int
    company: str
    code: SkipCode
    message: str


@dataclass(frozen=True, slots=True)
class CleanBlock:
    """Consecutive rows of a file, sorted into accepted, rejected and skipped.

    Attributes:
        lines: Line of each accepted row, shape (n,); all other columns have the same length and order.
        companies: Names as they are kept.
        company_keys: `name_key` of each name.
        symbols: Tickers, null where there is none; as are the next three.
        sectors: Sectors or industries.
        external_ids: CIK, LEI or the uploader's own identifiers.
        currencies: Three-letter codes.
        market_caps: In units of the currency, NaN where there is none.
        fiscal_years: 1900 to 2100.
        fiscal_quarters: 1 to 4, or 0 throughout for kinds without quarters.
        ratios: Shape (n, k), the kind's inputs in their order, NaN where missing.
        rejected: In order of their lines.
        skipped: In order of their lines.
    """

    lines: NDArray[np.int64]
    companies: pa.StringArray
    company_keys: pa.StringArray
    symbols: pa.StringArray
    sectors: pa.StringArray
    external_ids: pa.StringArray
    currencies: pa.StringArray
    market_caps: NDArray[np.float64]
    fiscal_years: NDArray[np.int16]
    fiscal_quarters: NDArray[np.int8]
    ratios: NDArray[np.float64]
    rejected: list[RejectedRow]
    skipped: list[SkippedRow]


@dataclass(slots=True)
class FileReport:
    """How a file was read. `total` is always `accepted + rejected + skipped`.

    Attributes:
        format: csv, xlsx or parquet.
        encoding: Of a text file.
        delimiter: Of a text file.
        decimal: The decimal sign of the file's text numbers.
        decimals: Columns that use the other sign.
        sheet: The sheet that was read.
        header_lines: Lines that the header takes, none for Parquet.
        mapping: Heading in the file to canonical column.
        ignored_columns: Headings of columns that were not used.
        warnings: What was assumed or left out, in sentences.
    """

    format: str
    encoding: str | None
    delimiter: str | None
    decimal: str
    decimals: dict[str, str]
    sheet: str | None
    header_lines: tuple[int, ...]
    mapping: dict[str, str]
    ignored_columns: tuple[str, ...]
    warnings: list[str] = field(default_factory=list)
    total: int = 0
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON takes it."""
        return asdict(self) | {"header_lines": list(self.header_lines), "ignored_columns": list(self.ignored_columns)}
