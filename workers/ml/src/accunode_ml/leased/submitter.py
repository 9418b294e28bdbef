"""Whether whoever handed a job in may still write where it writes; asked in each transaction that does."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from accunode_common.auth.roles import GRANTS, Permission, Role
from accunode_common.db.session import Reach
from accunode_credit.models.bulk import Job, JobType

NOT_ALLOWED = "submitter_not_allowed"
NOT_ALLOWED_MESSAGE = (
    "Whoever handed this job in may no longer write here, so it was ended; what was stored before that stays."
)

_ROLE = text("""
    select m.role from identity.memberships m
    join identity.users u on u.id = m.user_id and u.status = 'active'
    join tenancy.tenants t on t.id = m.tenant_id and t.status = 'active'
    where m.tenant_id = :tenant_id and m.user_id = :user_id and m.organization_id is not distinct from :organization_id
    and m.status = 'active'
""")
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
    place = {
        "tenant_id": job.tenant_id,
        "user_id": job.created_by,
        "organization_id": job.submitter_organization_id,
    }
    role = session.execute(_ROLE, place).scalar_one_or_none()
    if role is None:
        return False
    grant = GRANTS[Role(role)]
    needed = _NEEDED.get(JobType(job.type))
    return (needed is None or needed in grant.permissions) and (
        _reaches(grant.write_reach, job.write_reach) and _reaches(grant.read_reach, job.read_reach)
    )


def _reaches(reach: Reach, wanted: str) -> bool:
    return _REACHES.index(reach) >= _REACHES.index(Reach(wanted))
