"""Who sets single sign-on up."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

SsoManager = Annotated[Subject, Depends(requires(Permission.SSO_MANAGE))]
DomainConfirmer = Annotated[Subject, Depends(requires(Permission.DOMAIN_CONFIRM))]
