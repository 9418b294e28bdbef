"""Who may call the routes of scaling."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

ScalingReader = Annotated[Subject, Depends(requires(Permission.SCALING_READ))]
ScalingManager = Annotated[Subject, Depends(requires(Permission.SCALING_MANAGE))]
