"""What the application holds beside the common resources: stored objects, models, and how many streams are open."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from accunode_bulk_upload.events.limits import StreamLimits
from accunode_bulk_upload.settings import BulkUploadSettings
from accunode_common.storage.base import Storage
from accunode_scoring import ModelLibrary


@dataclass(frozen=True, slots=True)
class Holdings:
    """One per application."""

    settings: BulkUploadSettings
    storage: Storage
    models: ModelLibrary
    streams: StreamLimits


def holdings(request: Request) -> Holdings:
    """What the application that answers `request` holds."""
    return cast(Holdings, request.app.state.holdings)


AppHoldings = Annotated[Holdings, Depends(holdings)]
