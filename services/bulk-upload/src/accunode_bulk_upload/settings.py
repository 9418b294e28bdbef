"""The bulk-upload service's settings."""

from pydantic import Field

from accunode_common.environment import Concern, variable
from accunode_common.settings import ModelSettings, StorageSettings, VerifierSettings


class UploadSettings(Concern):
    """Files that are sent."""

    max_bytes: int = variable("ACCUNODE_MAX_UPLOAD_BYTES", 256 * 1024 * 1024, ge=1024)
    """Bytes of the largest file that is taken."""
    per_person: int = variable("ACCUNODE_UPLOADS_PER_PERSON", 3, ge=1)
    """Uploads that one person may send at once."""


class EventSettings(Concern, env_prefix="ACCUNODE_EVENT_"):
    """Streams of a job's events."""

    streams: int = Field(default=200, ge=1)
    """Event streams that a process keeps open at once."""
    streams_per_person: int = Field(default=10, ge=1)
    """Event streams that one person may have open in a process."""
    poll_seconds: float = Field(default=0.5, gt=0)
    """How often an open stream looks at its job, in seconds."""
    silence_seconds: float = Field(default=10, gt=0)
    """The longest that a stream says nothing, in seconds: a load balancer cuts off what is silent."""


class BulkUploadSettings(VerifierSettings):
    """What the bulk-upload service needs."""

    storage: StorageSettings
    models: ModelSettings
    uploads: UploadSettings
    events: EventSettings
