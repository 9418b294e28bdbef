"""Exports over HTTP."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from accunode_common.http.app import api_router
from accunode_common.http.files import table_reply
from accunode_common.tabular import FileFormat
from accunode_credit.files import output_columns
from accunode_predictions.predictions.exports import service
from accunode_predictions.predictions.exports.schemas import ExportFilters
from accunode_predictions.predictions.permissions import PredictionReader
from accunode_predictions.resources import AppResources
from accunode_predictions.schema_fields import KindPath

router = api_router("/predictions", tag="exports")

_FILE = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{kind}/export",
    summary="Download a list of predictions",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": {each.media_type: _FILE for each in FileFormat}}},
)
async def export_predictions(
    kind: KindPath, filters: Annotated[ExportFilters, Query()], subject: PredictionReader, app: AppResources
) -> StreamingResponse:
    """The whole filtered list as CSV, XLSX or Parquet, newest first. Text that begins like a formula is neutralised."""
    service.check(kind, filters)
    blocks = service.blocks(app.database, subject, kind, filters)
    columns = output_columns(service.headings(kind))
    return await table_reply(filters.format, columns, blocks, name=f"{kind}-predictions")
