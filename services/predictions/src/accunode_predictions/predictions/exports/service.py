"""What a file of predictions holds."""

from contextlib import aclosing

from accunode_common.auth.subject import Subject
from accunode_common.db.session import Database
from accunode_common.errors import UnprocessableInputError
from accunode_common.http.files import Blocks
from accunode_credit.columns import INPUTS, WORD_COLUMNS
from accunode_credit.files import shown
from accunode_predictions.predictions import service as predictions
from accunode_predictions.predictions.exports.schemas import ExportFilters
from accunode_scoring import PROBABILITIES, Kind

BLOCK_ROWS = 5000


def headings(kind: Kind) -> tuple[str, ...]:
    """The columns of an export, in order. Ratios have the names of the upload template."""
    return (
        *("prediction_id", "company_id", "company_name", "symbol", "sector", "fiscal_year"),
        *(["fiscal_quarter"] if kind is Kind.QUARTERLY else []),
        *INPUTS[kind],
        *PROBABILITIES,
        *("grade", "risk_level", *WORD_COLUMNS, "model_version", "access_level", "created_at", "updated_at"),
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


async def blocks(database: Database, subject: Subject, kind: Kind, filters: ExportFilters) -> Blocks:
    """The rows of an export, newest first."""
    names = headings(kind)
    exported = predictions.exported(database, subject, kind, filters, names, BLOCK_ROWS, system=filters.system)
    async with aclosing(exported) as found:
        async for rows in found:
            yield shown(names, rows)
