"""Who may call the routes of sharing."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.dependencies import requires
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject

SharingManager = Annotated[Subject, Depends(requires(Permission.SHARING_MANAGE))]
