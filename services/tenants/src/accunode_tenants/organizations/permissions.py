"""Who may call the routes of organizations."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

OrganizationReader = Annotated[Subject, Depends(requires(Permission.ORGANIZATION_READ))]
OrganizationCreator = Annotated[Subject, Depends(requires(Permission.ORGANIZATION_CREATE))]
OrganizationEditor = Annotated[Subject, Depends(requires(Permission.ORGANIZATION_UPDATE))]
OrganizationDeleter = Annotated[Subject, Depends(requires(Permission.ORGANIZATION_DELETE))]
