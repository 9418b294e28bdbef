"""Who may call the routes of jobs."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject
from accunode_common.http.callers import requires

JobCanceller = Annotated[Subject, Depends(requires(Permission.JOB_CANCEL))]
JobReader = Annotated[Subject, Depends(requires(Permission.JOB_READ))]
