"""Whose provider accounts are theirs."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.dependencies import requires
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject

Owner = Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))]
