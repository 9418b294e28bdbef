"""Single sign-on over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Form, Path, Query, Request, Response, status

from accunode_auth.notices.service import PersonNotices
from accunode_auth.public_routes import PublicRoute, SignInRoute
from accunode_auth.resources import AppResources
from accunode_auth.sessions.schemas import TokenPair
from accunode_auth.single_sign_on import browser, linking, logout, service
from accunode_auth.single_sign_on.permissions import Owner
from accunode_auth.single_sign_on.schemas import Finished, IdentityOut, LinkIn, SignedOut, Started, TokenIn
from accunode_auth.sso_connections import service as connections
from accunode_common.http.app import api_router
from accunode_common.http.openapi import problem_responses
from accunode_common.http.page_reply import PageReply
from accunode_common.http.pagination import Paging, SortOrder
from accunode_common.http.session import SecretSession, SubjectSession
from accunode_common.http.trail import AuditTrail, RequestOrigin
from accunode_common.schemas import Page

router = api_router("/auth/sso", tag="single sign-on")

Slug = Annotated[
    str,
    Path(
        max_length=100,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="The tenant's short name.",
        examples=["first-national"],
    ),
]
REDIRECTED: dict[int | str, dict[str, Any]] = {302: {"description": "With `redirect`: the browser goes on."}}


@router.get(
    "/{tenant}/start",
    summary="Begin single sign-on",
    dependencies=[SignInRoute],
    responses={**REDIRECTED, **problem_responses(404)},
    response_model=Started,
)
async def start_single_sign_on(
    app: AppResources,
    tenant: Slug,
    redirect: Annotated[
        str | None,
        Query(
            max_length=2000, description="Where the browser goes in the end, with a code; without it the reply is JSON."
        ),
    ] = None,
) -> Started | Response:
    """Sends a browser to the tenant's provider, or gives other clients the URL for one."""
    departure = await service.start(app, await connections.tenant_of(app, tenant), redirect=redirect)
    return browser.depart(app, departure) if redirect is not None else browser.started(departure)


@router.get(
    "/callback",
    summary="Come back from the provider",
    dependencies=[SignInRoute],
    responses={**REDIRECTED, **problem_responses(401, 403, 410)},
    response_model=Finished,
)
async def finish_single_sign_on(
    request: Request,
    app: AppResources,
    origin: RequestOrigin,
    state: Annotated[str, Query(max_length=200, description="As the provider got it.")],
    code: Annotated[str | None, Query(max_length=2000, description="The provider's code.")] = None,
    iss: Annotated[str | None, Query(max_length=500, description="The provider's issuer (RFC 9207).")] = None,
    error: Annotated[
        str | None, Query(max_length=200, description="Why the provider did not sign the person in.")
    ] = None,
    error_description: Annotated[str | None, Query(max_length=1000, description="The same for a person.")] = None,  # noqa: ARG001
    session_state: Annotated[str | None, Query(max_length=200, description="Not used.")] = None,  # noqa: ARG001
    scope: Annotated[str | None, Query(max_length=500, description="Not used.")] = None,  # noqa: ARG001
) -> Finished | Response:
    """Checks what the provider says, and gives a code for tokens: to the browser's page, or as JSON."""
    arrival = service.Arrival(state=state, code=code, issuer=iss, error=error)
    outcome = await service.finish(app, arrival, browser.binding(request), origin)
    return browser.arrive(outcome)


@router.post(
    "/token", summary="Take the tokens", dependencies=[SignInRoute], responses=problem_responses(401, 403, 404)
)
async def redeem_sso_code(
    request: Request,
    app: AppResources,
    origin: RequestOrigin,
    notices: PersonNotices,
    body: TokenIn,
) -> TokenPair:
    """Tokens for a code of the callback, once, for the client that began. The session works in that tenant only."""
    binding = body.state_token or browser.binding(request)
    return TokenPair.of(await service.redeem(app, notices, body.code, binding, origin, body.device_token))


@router.post("/logout", summary="End this session, and the provider's")
async def log_out_of_sso(subject: Owner, app: AppResources, origin: RequestOrigin, session: SecretSession) -> SignedOut:
    """Ends the session of the access token, and says where to sign out at the provider that vouched for it."""
    return SignedOut(end_session_url=await service.sign_out(session, app, subject, origin))


@router.post(
    "/{tenant}/backchannel-logout",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="The provider ends sessions",
    dependencies=[PublicRoute],
    responses=problem_responses(400, 404),
)
async def end_sessions_by_provider(
    app: AppResources,
    origin: RequestOrigin,
    tenant: Slug,
    logout_token: Annotated[
        str,
        Form(
            max_length=20_000,
            description="Signed by the tenant's provider.",
            examples=["eyJhbGciOiJSUzI1NiIsInR5cCI6ImxvZ291dCtqd3QifQ.e30.c2ln"],
        ),
    ],
) -> None:
    """Ends the sessions that a logout token of the tenant's provider names, at once and in every service."""
    await logout.back_channel(app, await connections.tenant_of(app, tenant), logout_token, origin)


@router.post("/links", summary="Begin to link one's account", responses=problem_responses(404))
async def start_sso_link(subject: Owner, app: AppResources) -> Started:
    """Sends the caller to the provider of the tenant they work in, to sign in through it from then on."""
    return browser.started(await linking.start(app, subject))


@router.post("/links/complete", summary="Link one's account", responses=problem_responses(410))
async def complete_sso_link(
    subject: Owner, app: AppResources, origin: RequestOrigin, session: SecretSession, body: LinkIn
) -> IdentityOut:
    """Links the caller's account with the provider account that they signed in to since."""
    return IdentityOut.model_validate(
        await linking.complete(session, app, subject, body.code, body.state_token, origin)
    )


@router.get("/identities", summary="Linked provider accounts", response_model=Page[IdentityOut])
async def list_sso_identities(
    subject: Owner, session: SubjectSession, paging: Paging, order: Annotated[SortOrder, Depends(linking.SORTING)]
) -> PageReply:
    """Who the caller is to the providers of their tenants."""
    found = await linking.identities(session, subject, order, paging)
    items = [IdentityOut.model_validate(row) for row in found.rows]
    return PageReply(found.showing(items))


@router.delete("/identities/{identity_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Unlink a provider account")
async def unlink_sso_identity(
    subject: Owner,
    session: SubjectSession,
    app: AppResources,
    trail: AuditTrail,
    identity_id: Annotated[UUID, Path(description="One of the caller's identities.")],
) -> None:
    """The provider vouches for the caller no more; the sessions it vouched for end."""
    await linking.unlink(session, app, subject, trail, identity_id)
