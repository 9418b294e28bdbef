"""What an export is asked for."""

from pydantic import Field

from accunode_common.tabular import FileFormat
from accunode_predictions.predictions.filters import QuarterlyFilters


class ExportFilters(QuarterlyFilters):
    """The filters of the list, and the file's format."""

    format: FileFormat = Field(default=FileFormat.CSV, description="csv, xlsx or parquet.")
    system: bool = Field(default=False, description="The system's records instead of the caller's.")
