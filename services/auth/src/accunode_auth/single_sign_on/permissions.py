"""Whose provider accounts are theirs."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

Owner = Annotated[Subject, Depends(requires(Permission.PROFILE_MANAGE))]
