"""Stored rows as clients see them; reasons are worked out again from the stored ratios and model version."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from accunode_bulk_upload.results.schemas import ResultRow, RowError
from accunode_common.tabular import OutputColumn
from accunode_credit.columns import INPUTS, WORD_COLUMNS, inputs_of
from accunode_credit.models.bulk import RowIssue, RowOutcome
from accunode_credit.models.credit import Company, Prediction
from accunode_credit.reasons import scored_again, shown
from accunode_scoring import PROBABILITIES, Kind, ModelLibrary, RiskLevel

ERROR_COLUMNS = (
    OutputColumn("row_number", "integer"),
    *(OutputColumn(name) for name in ("outcome", "company", "column", "code", "message", "value")),
)
"""Those of `repository.issues_after`."""


def result_rows(rows: Sequence[Prediction], companies: Mapping[UUID, Company], models: ModelLibrary) -> list[ResultRow]:
    """The rows of a page with their reasons in words."""
    return [_result_row(row, companies[row.company_id], models) for row in rows]


def result_headings(kind: Kind) -> tuple[str, ...]:
    """The columns of a file of results, in order."""
    return (
        *("row_number", "company_name", "symbol", "sector", "fiscal_year", "fiscal_quarter"),
        *INPUTS[kind],
        *PROBABILITIES,
        *("grade", "risk_level", *WORD_COLUMNS, "model_version", "prediction_id"),
    )


def row_error(issue: RowIssue) -> RowError:
    """One problem of a row."""
    return RowError(
        row_number=issue.row_number,
        outcome=RowOutcome(issue.outcome),
        company=issue.company,
        column=issue.column_name,
        code=issue.code,
        message=issue.message,
        value=issue.value,
    )


def _result_row(row: Prediction, company: Company, models: ModelLibrary) -> ResultRow:
    score = scored_again(models, row)
    return ResultRow(
        row_number=row.row_number or 0,
        prediction_id=row.id,
        company_id=company.id,
        company_name=company.name,
        symbol=company.symbol,
        fiscal_year=row.fiscal_year,
        fiscal_quarter=row.fiscal_quarter,
        ratios=inputs_of(row),
        model_version=row.model_version,
        **{name: getattr(row, name) for name in PROBABILITIES},
        grade=row.grade,
        risk_level=RiskLevel(row.risk_level),
        reason_codes=row.reason_codes,
        reasons=None if score is None else shown(score),
        flags=row.flags,
    )
