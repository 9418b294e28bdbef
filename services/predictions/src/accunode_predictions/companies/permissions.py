"""Who may call the routes of companies."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

CompanyReader = Annotated[Subject, Depends(requires(Permission.COMPANY_READ))]
CompanyWriter = Annotated[Subject, Depends(requires(Permission.COMPANY_WRITE))]
