"""Who may call the routes of tenant administrators."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

AdminReader = Annotated[Subject, Depends(requires(Permission.TENANT_ADMIN_READ))]
AdminManager = Annotated[Subject, Depends(requires(Permission.TENANT_ADMIN_MANAGE))]
