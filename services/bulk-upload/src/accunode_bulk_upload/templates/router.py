"""Files to fill in: headings, units, an example."""

from typing import Annotated

from fastapi import Path, Query, Response

from accunode_bulk_upload.templates.columns import template_columns
from accunode_bulk_upload.uploads.permissions import UploadReader
from accunode_common.http.app import api_router
from accunode_common.tabular import FileFormat, write_template
from accunode_scoring import Kind

router = api_router("/bulk-uploads", tag="bulk uploads")


@router.get(
    "/templates/{kind}",
    summary="Get a file to fill in",
    response_class=Response,
    responses={
        200: {
            "description": "The template.",
            "content": {
                file_format.media_type: {"schema": {"type": "string", "format": "binary"}} for file_format in FileFormat
            },
        }
    },
)
async def get_bulk_upload_template(
    kind: Annotated[Kind, Path(description="Which columns the file has.")],
    subject: UploadReader,  # noqa: ARG001
    file_format: Annotated[FileFormat, Query(alias="format", description="The kind of file.")] = FileFormat.CSV,
) -> Response:
    """The columns of an upload with their units and an example. Lines that begin with `# ` may stay in."""
    content = write_template(file_format, template_columns(kind))
    disposition = f'attachment; filename="accunode-{kind}.{file_format.value}"'
    return Response(content, media_type=file_format.media_type, headers={"Content-Disposition": disposition})
