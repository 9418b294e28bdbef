"""What the predictions service's handlers may use."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from accunode_common.http.resources import CommonResources, ResourcesOf
from accunode_common.http.session import SubjectSession
from accunode_predictions.serving.service import Scoring, ServingModels
from accunode_predictions.settings import PredictionsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources(CommonResources):
    """One per application.

    Attributes:
        models: The scorers that serve.
        file_readers: Held while a file is read in a process of its own, so that a few are read at once.
    """

    settings: PredictionsSettings
    models: ServingModels
    file_readers: asyncio.Semaphore


AppResources = Annotated[Resources, Depends(ResourcesOf(Resources))]


async def _scoring(app: AppResources, session: SubjectSession) -> Scoring:
    return Scoring(app.models, app.database, session)


RequestScoring = Annotated[Scoring, Depends(_scoring)]
