"""Who may call the routes of models."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

ModelReader = Annotated[Subject, Depends(requires(Permission.MODEL_READ))]
ModelMonitor = Annotated[Subject, Depends(requires(Permission.MODEL_MONITOR))]
ModelPromoter = Annotated[Subject, Depends(requires(Permission.MODEL_PROMOTE))]
