"""Whether whoever handed a job in may still write where it writes; asked in each transaction that does."""

from sqlalchemy.orm import Session

from accunode_common.auth.roles import GRANTS, Permission, Role
from accunode_common.db.session import Reach
from accunode_credit.models.bulk import Job, JobType
from accunode_ml.repositories import memberships

NOT_ALLOWED = "submitter_not_allowed"
NOT_ALLOWED_MESSAGE = (
    "Whoever handed this job in may no longer write here, so it was ended; what was stored before that stays."
)

_REACHES = tuple(Reach)
_NEEDED = {
    JobType.BULK_UPLOAD: Permission.BULK_UPLOAD_WRITE,
    JobType.RESCORE: Permission.PORTFOLIO_RESCORE,
    JobType.STRESS: Permission.PORTFOLIO_ANALYSE,
}


def may_still_write(session: Session, job: Job) -> bool:
    """Whether the submitter is active in their place, with a role that reaches as far as when they handed the job in.

    Args:
        session: A transaction in the submitter's context.
        job: What they handed in.
    """
    role = memberships.active_role(session, job.tenant_id, job.created_by, job.submitter_organization_id)
    if role is None:
        return False
    grant = GRANTS[Role(role)]
    needed = _NEEDED.get(JobType(job.type))
    return (needed is None or needed in grant.permissions) and (
        _reaches(grant.write_reach, job.write_reach) and _reaches(grant.read_reach, job.read_reach)
    )


def _reaches(reach: Reach, wanted: str) -> bool:
    return _REACHES.index(reach) >= _REACHES.index(Reach(wanted))
