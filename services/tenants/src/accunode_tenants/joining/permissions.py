"""Who may call the routes of joining."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.dependencies import requires
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject

JoinTokenManager = Annotated[Subject, Depends(requires(Permission.JOIN_TOKEN_MANAGE))]
Joiner = Annotated[Subject, Depends(requires(Permission.ORGANIZATION_JOIN))]
