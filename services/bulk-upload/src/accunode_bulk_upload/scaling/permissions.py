"""Who may call the routes of scaling."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.dependencies import requires
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject

ScalingReader = Annotated[Subject, Depends(requires(Permission.SCALING_READ))]
ScalingManager = Annotated[Subject, Depends(requires(Permission.SCALING_MANAGE))]
