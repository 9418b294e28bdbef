"""Who may call the routes of jobs."""

from typing import Annotated

from fastapi import Depends

from accunode_common.auth.dependencies import requires
from accunode_common.auth.roles import Permission
from accunode_common.auth.subject import Subject

JobCanceller = Annotated[Subject, Depends(requires(Permission.JOB_CANCEL))]
JobReader = Annotated[Subject, Depends(requires(Permission.JOB_READ))]
