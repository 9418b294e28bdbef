"""Scores that are not stored, as clients ask for and receive them."""

from pydantic import Field

from accunode_common.schemas import InputModel, ResponseModel
from accunode_credit.examples import example_of
from accunode_predictions.predictions.schemas import ScoreFields
from accunode_predictions.schema_fields import AnnualRatios, QuarterlyRatios
from accunode_predictions.statements import StatementAmounts
from accunode_scoring import Kind

LARGEST_BATCH = 1000

_ROW_ID = Field(default=None, max_length=200, description="Carried through to the reply.", examples=["row-1"])
_ROWS = Field(min_length=1, max_length=LARGEST_BATCH, description="What is scored, each on its own.")
_ANNUAL = Field(description="The ratios of one fiscal year; at least one.", examples=[example_of(Kind.ANNUAL)])
_QUARTERLY = Field(
    description="The ratios of the trailing twelve months; at least one.", examples=[example_of(Kind.QUARTERLY)]
)


class AnnualRow(InputModel):
    """The ratios of one fiscal year."""

    row_id: str | None = _ROW_ID
    ratios: AnnualRatios = _ANNUAL


class QuarterlyRow(InputModel):
    """The ratios of the trailing twelve months."""

    row_id: str | None = _ROW_ID
    ratios: QuarterlyRatios = _QUARTERLY


class StatementRow(InputModel):
    """The amounts of one statement."""

    row_id: str | None = _ROW_ID
    amounts: StatementAmounts = Field(description="The statement's amounts.", examples=[example_of(Kind.STATEMENT)])


class AnnualBatch(InputModel):
    """Rows to score; nothing is stored."""

    rows: list[AnnualRow] = _ROWS


class QuarterlyBatch(InputModel):
    """Rows to score; nothing is stored."""

    rows: list[QuarterlyRow] = _ROWS


class StatementBatch(InputModel):
    """Rows to score; nothing is stored."""

    rows: list[StatementRow] = _ROWS


class ScoredRow(ScoreFields):
    """The score of one row."""

    row_id: str | None = Field(description="The row's own id, as it was sent.", examples=["row-1"])


class BatchScores(ResponseModel):
    """The scores in the order of the rows."""

    items: list[ScoredRow] = Field(description="The scores in the order of the rows.")
