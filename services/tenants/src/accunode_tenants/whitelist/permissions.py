"""Who may call the routes of the whitelist."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

WhitelistManager = Annotated[Subject, Depends(requires(Permission.WHITELIST_MANAGE))]
