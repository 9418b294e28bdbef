"""The sharing switch over HTTP."""

from accunode_common.http.app import api_router
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_tenants.organizations import service as organizations
from accunode_tenants.path_parameters import OrganizationPath
from accunode_tenants.sharing.permissions import SharingManager
from accunode_tenants.sharing.schemas import SharingIn, SharingOut

router = api_router("/organizations/{organization_id}/global-data-access", tag="sharing")


@router.get("", summary="Read the sharing switch")
async def get_global_data_access(
    organization_id: OrganizationPath, subject: SharingManager, session: SubjectSession, etag: ETag
) -> SharingOut:
    """Whether the organization's members see the system's records."""
    organization = await organizations.get(session, subject, organization_id)
    etag.tag(organization.version)
    return SharingOut(enabled=organization.global_data_access)


@router.put("", summary="Turn the sharing switch")
async def set_global_data_access(
    organization_id: OrganizationPath,
    subject: SharingManager,
    session: SubjectSession,
    trail: AuditTrail,
    body: SharingIn,
    condition: IfMatch,
) -> SharingOut:
    """Shows the system's records to the organization's members, or hides them, from the next request on."""
    organization = await organizations.set_sharing(session, subject, trail, organization_id, condition, on=body.enabled)
    condition.tag(organization.version)
    return SharingOut(enabled=organization.global_data_access)
