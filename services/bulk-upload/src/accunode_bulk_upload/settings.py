"""What the bulk-upload service is configured with."""

from pydantic import Field

from accunode_common.settings import ModelSettings, StorageSettings, VerifierSettings


class BulkUploadSettings(VerifierSettings, StorageSettings, ModelSettings):
    """The settings of an API process of this service.

    Attributes:
        max_upload_bytes: The largest file that is taken.
        uploads_per_person: Uploads that one person may send at once.
        event_streams: Event streams that a process keeps open at once.
        event_streams_per_person: How many of them one person may have.
        event_poll_seconds: How often an open stream looks at its job.
    """

    max_upload_bytes: int = Field(default=256 * 1024 * 1024, ge=1024)
    uploads_per_person: int = Field(default=3, ge=1)
    event_streams: int = Field(default=200, ge=1)
    event_streams_per_person: int = Field(default=10, ge=1)
    event_poll_seconds: float = Field(default=0.5, gt=0)
