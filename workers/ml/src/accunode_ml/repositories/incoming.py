"""The temporary table of the predictions that a chunk adds or replaces: copied once, as they are to be stored."""

from typing import Any
from typing import cast as typed

import pyarrow as pa
from sqlalchemy import Boolean, Column, Table, Uuid
from sqlalchemy.orm import Session

from accunode_credit.columns import INPUT_COLUMNS, SCORE_COLUMNS
from accunode_credit.models.credit import Prediction
from accunode_ml.repositories.copying import copy_rows, temporary_table

GIVEN = (*INPUT_COLUMNS, *(name for name in SCORE_COLUMNS if name != "model_version"))
"""What differs from row to row beside its keys; one version scores a chunk."""

PREDICTIONS = typed(Table, Prediction.__table__)


def _like(*names: str) -> list[Column[Any]]:
    return [Column(name, PREDICTIONS.c[name].type) for name in names]


INCOMING = temporary_table(
    "incoming",
    *_like("id", "company_id", "fiscal_year", "fiscal_quarter", "row_number", *GIVEN),
    Column("is_stored", Boolean),
    Column("version_id", Uuid),
)
"""A row whose `is_stored` replaces the prediction of its id, which is kept under `version_id`; others are added."""


def copy(session: Session, rows: pa.Table) -> None:
    """Copy rows to store, instead of those that were copied before."""
    copy_rows(session, INCOMING, rows)
