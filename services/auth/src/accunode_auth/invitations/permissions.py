"""Who may see and decide invitations."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

Reader = Annotated[Subject, Depends(requires(Permission.USER_READ))]
Manager = Annotated[Subject, Depends(requires(Permission.USER_MANAGE))]
Owner = Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))]
