"""Uploads, as pure functions: a file in; accepted, rejected and skipped rows and a report on the file out."""

from accunode_ml.ingest.clean import CleanFile, clean_file
from accunode_ml.ingest.model import (
    CleanBlock,
    FileReport,
    Problem,
    RejectCode,
    RejectedRow,
    SkipCode,
    SkippedRow,
)

__all__ = [
    "CleanBlock",
    "CleanFile",
    "FileReport",
    "Problem",
    "RejectCode",
    "RejectedRow",
    "SkipCode",
    "SkippedRow",
    "clean_file",
]
