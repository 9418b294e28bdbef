"""Who may call the routes of sharing."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

SharingManager = Annotated[Subject, Depends(requires(Permission.SHARING_MANAGE))]
