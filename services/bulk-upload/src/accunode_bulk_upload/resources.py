"""What the bulk-upload service's handlers may use."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from accunode_bulk_upload.events.limits import StreamLimits
from accunode_bulk_upload.settings import BulkUploadSettings
from accunode_common.http.resources import CommonResources, ResourcesOf
from accunode_common.storage.base import Storage
from accunode_scoring import ModelLibrary


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources(CommonResources):
    """One per application."""

    settings: BulkUploadSettings
    storage: Storage
    models: ModelLibrary
    streams: StreamLimits


AppResources = Annotated[Resources, Depends(ResourcesOf(Resources))]
