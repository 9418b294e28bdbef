"""Single sign-on's set-up over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, status

from accunode_auth.resources import AppResources
from accunode_auth.sso_connections import removal, service
from accunode_auth.sso_connections.permissions import DomainConfirmer, SsoManager
from accunode_auth.sso_connections.schemas import (
    ConnectionIn,
    ConnectionOut,
    DomainConfirmation,
    DomainIn,
    DomainOut,
    GivenDomain,
)
from accunode_common.http.app import api_router
from accunode_common.http.callers import StepUp
from accunode_common.http.conditional import ETag, IfMatch
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SubjectSession
from accunode_common.http.trail import AuditTrail
from accunode_common.schemas import Page

router = api_router("/auth/sso", tag="single sign-on set-up")

DomainPath = Annotated[GivenDomain, Path()]


@router.get("/connection", summary="The tenant's provider", responses=problem_responses(404))
async def read_sso_connection(
    subject: SsoManager, app: AppResources, session: SubjectSession, etag: ETag
) -> ConnectionOut:
    """Whom the caller's tenant lets vouch for its people, and what to tell the provider."""
    shown = await service.of_caller(session, app, subject)
    etag.tag(shown.version)
    return shown


@router.put("/connection", summary="Set the tenant's provider")
async def save_sso_connection(
    subject: SsoManager,
    _proof: StepUp,
    app: AppResources,
    trail: AuditTrail,
    match: IfMatch,
    body: ConnectionIn,
) -> ConnectionOut:
    """Reads the provider's metadata, and keeps it with the mapping. The client's secret is never shown again."""
    return await service.save(app, subject, trail, match, body)


@router.delete(
    "/connection",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove the tenant's provider",
    responses=problem_responses(404),
)
async def remove_sso_connection(
    subject: SsoManager, app: AppResources, session: SubjectSession, trail: AuditTrail
) -> None:
    """Nobody signs in through it any more, and the sessions that it vouched for end. Accounts and memberships stay."""
    await removal.remove(session, app, subject, trail)


@router.get("/domains", summary="Mail domains", response_model=Page[DomainOut])
async def list_sso_domains(
    _subject: SsoManager, session: SubjectSession, paging: Paging, order: Annotated[SortOrder, Depends(service.SORTING)]
) -> PageReply:
    """The mail domains of the caller's tenant; for super admins those of all tenants."""
    found = await service.domains(session, order, paging)
    items = [DomainOut.model_validate(row) for row in found.rows]
    return PageReply(found.showing(items))


@router.post("/domains", status_code=status.HTTP_201_CREATED, summary="Claim a mail domain")
async def claim_sso_domain(
    subject: SsoManager, session: SubjectSession, trail: AuditTrail, body: DomainIn
) -> DomainOut:
    """Gives the text that shows the domain to be the tenant's. It counts once the platform confirmed it."""
    return DomainOut.model_validate(await service.claim_domain(session, subject, trail, body.domain))


@router.post("/domains/{domain}/confirm", summary="Confirm a mail domain")
async def confirm_sso_domain(
    subject: DomainConfirmer,
    _proof: StepUp,
    session: SubjectSession,
    trail: AuditTrail,
    domain: DomainPath,
    body: DomainConfirmation,
) -> DomainOut:
    """Lets the domain count as the tenant's, once its proof was seen. A domain is one tenant's only."""
    return DomainOut.model_validate(await service.confirm_domain(session, subject, trail, domain, body.tenant_id))


@router.delete("/domains/{domain}", status_code=status.HTTP_204_NO_CONTENT, summary="Give a mail domain up")
async def remove_sso_domain(
    subject: SsoManager,
    session: SubjectSession,
    trail: AuditTrail,
    domain: DomainPath,
    tenant_id: Annotated[
        UUID | None, Query(description="Whose; the caller's tenant unless a super admin says so.")
    ] = None,
) -> None:
    """The provider vouches for nobody new of that domain any more."""
    await service.remove_domain(session, trail, tenant_id or subject.tenant_id, domain)
