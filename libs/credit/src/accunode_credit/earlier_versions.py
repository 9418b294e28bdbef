"""Keep predictions as they are before an edit replaces them: by a request, by the rows of a file, or by a rescoring."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Insert, Select, Table, Uuid, insert, literal, select

from accunode_credit.columns import Predictions, kept_version
from accunode_credit.models.credit import Prediction, PredictionVersion
from accunode_scoring import Kind

_VERSIONS = cast(Table, PredictionVersion.__table__)
_COLUMNS = ("tenant_id", "id", "prediction_id", "version", "snapshot", "replaced_by")


def as_version(
    kind: Kind,
    *,
    version_id: ColumnElement[UUID] | UUID,
    replaced_by: UUID,
    predictions: Predictions = Prediction,
) -> Select[Any]:
    """Select predictions of a kind as the earlier versions that `keep` adds; the caller says which."""
    return select(
        predictions.tenant_id,
        literal(version_id, Uuid) if isinstance(version_id, UUID) else version_id,
        predictions.id,
        predictions.version,
        kept_version(kind, predictions),
        literal(replaced_by, Uuid),
    )


def keep(versions: Select[Any]) -> Insert:
    """Add earlier versions, before what they were is changed."""
    return insert(_VERSIONS).from_select(_COLUMNS, versions)
