"""Who may call the routes of joining."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

JoinTokenManager = Annotated[Subject, Depends(requires(Permission.JOIN_TOKEN_MANAGE))]
Joiner = Annotated[Subject, Depends(requires(Permission.ORGANIZATION_JOIN))]
