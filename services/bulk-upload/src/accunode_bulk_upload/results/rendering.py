"""Stored rows as clients see them; reasons are worked out again from the stored ratios and model version."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from accunode_bulk_upload.results.schemas import ResultRow, RowError
from accunode_common.tabular import Cell, OutputColumn
from accunode_credit.columns import INPUTS, inputs_of
from accunode_credit.models.bulk import RowIssue, RowOutcome
from accunode_credit.models.credit import Company, Prediction
from accunode_credit.reasons import scored_again, shown
from accunode_scoring import PROBABILITIES, Kind, ModelLibrary, RiskLevel

ERROR_COLUMNS = (
    OutputColumn("row_number", "integer"),
    *(OutputColumn(name) for name in ("outcome", "company", "column", "code", "message", "value")),
)


def result_rows(rows: Sequence[Prediction], companies: Mapping[UUID, Company], models: ModelLibrary) -> list[ResultRow]:
    """The rows of a page with their reasons in words."""
    return [_result_row(row, companies[row.company_id], models) for row in rows]


def result_columns(kind: Kind) -> list[OutputColumn]:
    """The columns of a file of results."""
    return [
        OutputColumn("row_number", "integer"),
        *(OutputColumn(name) for name in ("company_name", "symbol", "sector")),
        OutputColumn("fiscal_year", "integer"),
        OutputColumn("fiscal_quarter", "integer"),
        *(OutputColumn(name, "number") for name in INPUTS[kind]),
        *(OutputColumn(name, "number") for name in PROBABILITIES),
        *(OutputColumn(name) for name in ("grade", "risk_level", "reason_codes", "flags", "model_version")),
        OutputColumn("prediction_id"),
    ]


def result_cells(row: Prediction, company: Company) -> list[Cell]:
    """One row of a file of results."""
    return [
        row.row_number,
        company.name,
        company.symbol,
        company.sector,
        row.fiscal_year,
        row.fiscal_quarter,
        *inputs_of(row).values(),
        *(getattr(row, name) for name in PROBABILITIES),
        row.grade,
        row.risk_level,
        " ".join(row.reason_codes),
        " ".join(row.flags),
        row.model_version,
        str(row.id),
    ]


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


def error_cells(issue: RowIssue) -> list[Cell]:
    """One row of a file of errors."""
    return [
        issue.row_number,
        issue.outcome,
        issue.company,
        issue.column_name,
        issue.code,
        issue.message,
        issue.value,
    ]


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
