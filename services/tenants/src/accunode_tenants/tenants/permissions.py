"""Who may call the routes of tenants."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

TenantLister = Annotated[Subject, Depends(requires(Permission.TENANT_LIST))]
TenantCreator = Annotated[Subject, Depends(requires(Permission.TENANT_CREATE))]
TenantReader = Annotated[Subject, Depends(requires(Permission.TENANT_READ))]
TenantEditor = Annotated[Subject, Depends(requires(Permission.TENANT_UPDATE))]
TenantDeleter = Annotated[Subject, Depends(requires(Permission.TENANT_DELETE))]
