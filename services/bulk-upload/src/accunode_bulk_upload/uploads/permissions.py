"""Who may call the routes of uploads."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

UploadReader = Annotated[Subject, Depends(requires(Permission.BULK_UPLOAD_READ))]
UploadWriter = Annotated[Subject, Depends(requires(Permission.BULK_UPLOAD_WRITE))]
