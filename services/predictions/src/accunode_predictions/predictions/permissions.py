"""Who may call the routes of predictions."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

PredictionReader = Annotated[Subject, Depends(requires(Permission.PREDICTION_READ))]
PredictionWriter = Annotated[Subject, Depends(requires(Permission.PREDICTION_WRITE))]
