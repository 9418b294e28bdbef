"""What a file of predictions holds."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.errors import UnprocessableInputError
from accunode_common.http.files import Blocks
from accunode_common.tabular import OutputColumn
from accunode_credit.columns import INPUTS
from accunode_predictions.predictions import service as predictions
from accunode_predictions.predictions.exports.schemas import ExportFilters
from accunode_scoring import PROBABILITIES, Kind

BLOCK_ROWS = 2000


def output_columns(kind: Kind) -> tuple[OutputColumn, ...]:
    """The columns of an export, in order. Ratios have the names of the upload template."""
    return (
        OutputColumn("prediction_id"),
        OutputColumn("company_id"),
        OutputColumn("company_name"),
        OutputColumn("symbol"),
        OutputColumn("sector"),
        OutputColumn("fiscal_year", "integer"),
        *([OutputColumn("fiscal_quarter", "integer")] if kind is Kind.QUARTERLY else []),
        *(OutputColumn(name, "number") for name in INPUTS[kind]),
        *(OutputColumn(name, "number") for name in PROBABILITIES),
        OutputColumn("grade"),
        OutputColumn("risk_level"),
        OutputColumn("reason_codes"),
        OutputColumn("flags"),
        OutputColumn("model_version"),
        OutputColumn("access_level"),
        OutputColumn("created_at", "timestamp"),
        OutputColumn("updated_at", "timestamp"),
    )


def check(kind: Kind, filters: ExportFilters) -> None:
    """Refuse filters that the kind does not have.

    Raises:
        UnprocessableInputError: A quarter was asked of another kind.
    """
    if kind is not Kind.QUARTERLY and filters.fiscal_quarter is not None:
        raise UnprocessableInputError.at(
            "/query/fiscal_quarter", "unknown_parameter", "Only quarterly predictions have a quarter."
        )


async def rows(database: Database, subject: Subject, kind: Kind, filters: ExportFilters) -> Blocks:
    """The rows of an export, newest first."""
    exported = predictions.exported(database, subject, kind, filters, BLOCK_ROWS, system=filters.system)
    async with aclosing(exported) as found:
        async for block in found:
            yield map(_cells, block)


def _cells(row: Sequence[Any]) -> list[Any]:
    return [" ".join(cell) if isinstance(cell, list) else cell for cell in row]
