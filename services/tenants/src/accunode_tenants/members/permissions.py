"""Who may call the routes of members."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

MemberManager = Annotated[Subject, Depends(requires(Permission.MEMBER_MANAGE))]
