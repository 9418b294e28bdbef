"""Who may call the routes of central tendencies."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

RateReader = Annotated[Subject, Depends(requires(Permission.TENANT_READ))]
RateSetter = Annotated[Subject, Depends(requires(Permission.TENANT_UPDATE))]
